"""The harness: experiments, cells, results, statistics and reports. `EXPERIMENTS` holds every named experiment."""

from __future__ import annotations

from typing import cast

from benchmarks.experiment import Experiment
from envs.discover import declared, unique

EXPERIMENTS: dict[str, Experiment] = unique(
    (e.name, e) for e in cast("list[Experiment]", declared("benchmarks.experiments", "EXPERIMENT"))
)

"""The harness: experiments, cells, results, statistics and reports. `EXPERIMENTS` holds every named experiment."""

from __future__ import annotations

from typing import cast

from benchmarks.experiment import Experiment
from benchmarks.measurement import Laboratory
from envs.discover import declared, unique

EXPERIMENTS: dict[str, Experiment | Laboratory] = unique(
    (e.name, e) for e in cast("list[Experiment | Laboratory]", declared("benchmarks.experiments", "EXPERIMENT"))
)

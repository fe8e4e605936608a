"""The harness: experiments, cells, results, statistics and reports. `EXPERIMENTS` holds every named experiment."""

from __future__ import annotations

from typing import cast

from benchmarks.experiment import Experiment
from benchmarks.measurement import Laboratory
from benchmarks.tuning.experiment import Tuning
from envs.registry import declared, unique

EXPERIMENTS: dict[str, Experiment | Laboratory | Tuning] = unique(
    (e.name, e)
    for e in cast("list[Experiment | Laboratory | Tuning]", declared("benchmarks.experiments", "EXPERIMENT"))
)

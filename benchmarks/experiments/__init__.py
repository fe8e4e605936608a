"""One file, one question. `EXPERIMENTS` holds every experiment by its name."""

from __future__ import annotations

from typing import cast

from benchmarks.design.experiment import Experiment
from envs.registry import declared, unique

EXPERIMENTS: dict[str, Experiment] = unique(
    (e.name, e) for e in cast("list[Experiment]", declared("benchmarks.experiments", "EXPERIMENT"))
)

"""One file, one question. `EXPERIMENTS` holds every experiment by its name; a module is imported when it is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envs.registry import Registry, registry_of

if TYPE_CHECKING:
    from benchmarks.design.experiment import Experiment

EXPERIMENTS: Registry[Experiment] = registry_of("benchmarks.experiments", "EXPERIMENT")

"""Studies of bandit/small that take a second or two: every cell is trained in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algorithms import VARIANTS
from benchmarks.cli.kinds.plans import build_plans
from benchmarks.design.experiment import Outcome
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.runner import cell_path, pending
from benchmarks.execution.train_cell import run_cell
from benchmarks.tuning import result
from benchmarks.tuning.protocol import Protocol, StudyPlan
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.scheduler import run_studies
from benchmarks.tuning.stages import Stages
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.tuning.study import StudyInProgress
from envs import TASKS

TASK, VARIANT = TASKS["bandit/small"], VARIANTS["gae"]
SMALL: dict[str, Any] = {"trials": 6, "batch": 4, "selection_seeds": 3, "test_seeds": 4, "top": 2, "episodes": 2}
STEPS = {"bandit/small": 1_500}


def protocol(**changes: Any) -> Protocol:
    return Protocol(**{"env_steps": STEPS, **SMALL, **changes})


def plans(variants: tuple[str, ...] = ("gae",), **changes: Any) -> list[StudyPlan]:
    """One for each variant."""
    return build_plans("tuned", [VARIANTS[v] for v in variants], [(TASK,)], {**SMALL, **changes}, STEPS)


def in_progress(plan: StudyPlan, folder: Path) -> StudyInProgress:
    return StudyInProgress(plan, open_storage(None, folder), folder, {"made": "by a test"})


def run_study(plan: StudyPlan, folder: Path) -> StudyInProgress:
    """A study, run to its end."""
    study = in_progress(plan, folder)
    for cells in study.work():
        for cell in pending(cells, folder):
            run_cell(cell, cell_path(folder, cell), "cpu", lambda _: None, {"made": "by a test"})
    return study


def tuned_in(folder: Path, variants: tuple[str, ...] = ("gae",), **changes: Any) -> list[StudyResult]:
    """The results of studies under folder/tuned, run to their end."""
    for plan in plans(variants, **changes):
        study = run_study(plan, folder / "tuned")
        assert study.result is not None, study.failure
        result.save(study.result, folder / "tuned")
    return result.load_all(folder / "tuned")


def scheduled_in(folder: Path, variants: tuple[str, ...] = ("gae",), jobs: int = 1, **changes: Any) -> Outcome:
    """The same on processes."""
    storage = open_storage(None, folder / "tuned")
    return run_studies(plans(variants, **changes), storage, folder / "tuned", Execution(jobs))


def without_provenance(study: StudyResult) -> str:
    return json.dumps({**asdict(study), "provenance": None}, sort_keys=True)


def lose_runs(monkeypatch: pytest.MonkeyPatch, lost: Callable[[str, int, int], bool]) -> None:
    """Lose every run of which lost(stage, index of its configuration in the stage, index of its seed) is true."""
    run = Stages.run
    tuned = 0

    def losing(self: Stages, configurations: Any, stage: str, *more: Any, **others: Any) -> Any:
        nonlocal tuned
        found = yield from run(self, configurations, stage, *more, **others)
        first = tuned if stage == "tuning" else 0
        tuned += len(configurations) if stage == "tuning" else 0
        for of_task in found.values():
            for configuration, seed in np.ndindex(of_task.scores.shape):
                if lost(stage, first + configuration, seed):
                    of_task.scores[configuration, seed] = np.nan
        return found

    monkeypatch.setattr(Stages, "run", losing)


if __name__ == "__main__":
    scheduled_in(Path(sys.argv[1]))

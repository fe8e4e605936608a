"""`tune` searches configurations of variants through the harness of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from algorithms.algorithm import Algorithm
from benchmarks.api.arguments import arguments_for_flags, as_list, assignments, count, said
from benchmarks.cli.engine_flags import EngineFlags
from benchmarks.cli.kinds.plans import build_plans, run_studies
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.design.scales import ScaleFlags
from benchmarks.tuning import result
from benchmarks.tuning.protocol import pruner as default_pruner
from benchmarks.tuning.report.report import write
from benchmarks.tuning.report.terminal import as_text
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.summary import Summary, by_task_and_variant
from benchmarks.validation.usage import WorkFailed, user_errors
from envs.api import Task


@dataclass(frozen=True)
class Tuning:
    """Finished studies: what each chose, and how that scores against the default.

    studies  each from its first trial to its test      folder  where they lie; `run(..., tuned=True)` reads it
    """

    studies: tuple[StudyResult, ...]
    folder: Path

    @cached_property
    def summary(self) -> Summary:
        """The tables of the report."""
        return Summary(by_task_and_variant(self.studies))

    @property
    def table(self) -> pd.DataFrame:
        """A row a study: mean test score by default and as tuned, their difference with its interval, p and Holm's p."""
        return self.summary.gains.drop(columns=["within"])

    @property
    def trials(self) -> pd.DataFrame:
        """A row a trial, with its values and its score on the tuning seeds."""
        return self.summary.every_trial

    @property
    def configurations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(tasks, variant) -> the chosen values by path."""
        return {key: dict(study.configuration) for key, study in self.summary.raw_studies.items()}

    def report(self) -> Path:
        """Write report.html, report.md, tables and figures of the folder; returns the path of report.md."""
        return write(self.folder.name, "What does tuning buy?", result.load_all(self.folder), self.folder)

    def __repr__(self) -> str:
        return as_text(self.studies)

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False, float_format=lambda value: f"{value:.4g}")


def tune(
    tasks: str | Task | Sequence[str | Task],
    variants: str | Algorithm | Sequence[str | Algorithm],
    *,
    together: bool = False,
    trials: int = 64,
    batch: int = 16,
    tuning_seeds: int = 5,
    selection_seeds: int = 20,
    test_seeds: int = 20,
    env_steps: float | None = None,
    space: str = "members",
    sets: Mapping[str, object] | Sequence[str] = (),
    sampler: str = "tpe",
    pruner: str | None = None,
    objective: str = "last_fifth",
    seed: int = 0,
    study: str = "tuned",
    results: str | os.PathLike[str] = "results",
    storage: str | None = None,
    jobs: int | None = None,
    device: str = "cpu",
    floor: float | None = None,
    ceiling: float | None = None,
    threshold: float | None = None,
    progress: bool = True,
) -> Tuning:
    """Tune every variant on every task, a study each: many seeds a trial, chosen on fresh seeds, tested once.

    Studies that are done are read, not run again. The rules are those of the command `tune` (docs/tuning.md).

    tasks, variants  as `run` takes them
    together   one configuration for all tasks, judged by the mean score
    trials     configurations of a study, the default among them; `batch` of them are drawn at once
    tuning_seeds, selection_seeds, test_seeds   of each trial; of the default and the best five; of the choice
    space      members, all (shapes too), or fields: "lam,clip"
    sets       values that every configuration has: {"estimator.credit.lam": 0.9}; these fields are not searched
    study, results   the studies lie under results/study
    other arguments  as the flags of `tune` and the arguments of `run`

    UsageError before any work for what cannot be. WorkFailed where a study failed; the others are kept.
    """
    with arguments_for_flags(), said(progress), user_errors():
        found = ScaleFlags(floor, ceiling, threshold).apply(find_tasks(as_list("tasks", tasks)))
        sizes = {"trials": trials, "batch": batch, "tuning_seeds": tuning_seeds}
        sizes |= {"selection_seeds": selection_seeds, "test_seeds": test_seeds}
        rules = {"sampler": sampler, "objective": objective, "space": space, "seed": seed}
        sets_of_tasks = [tuple(found)] if together else [(task,) for task in found]
        rules["pruner"] = pruner or default_pruner(trials, len(sets_of_tasks[0]))
        steps = {} if env_steps is None else {task.name: count("env_steps", env_steps) for task in found}
        chosen = find_variants(as_list("variants", variants))
        plans = build_plans(study, chosen, sets_of_tasks, {**sizes, **rules}, steps, assignments(sets))
    with arguments_for_flags(), said(progress):
        outcome = run_studies(plans, Path(results), storage, jobs, device, False, EngineFlags())
    assert outcome is not None  # None stands for a dry run
    if outcome.failures:
        raise WorkFailed("; ".join(outcome.failures))
    return Tuning(tuple(result.load(path) for path in outcome.paths), Path(results) / study)

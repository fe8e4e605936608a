"""Tune variants with Optuna: many seeds a trial, whole batches of trials at once, chosen on fresh seeds, tested once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from algorithms.algorithm import Algorithm
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RESULTS, check_device, check_positive, say_normalised
from benchmarks.design import settings
from benchmarks.design.experiment import Outcome
from benchmarks.design.lookup import find_tasks, find_variant
from benchmarks.design.own.arguments import parse_env_kwargs
from benchmarks.design.resolve import reason_unsupported
from benchmarks.design.scales import ScaleFlags
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.engines.pool import available_processors
from benchmarks.execution.floors import with_floors
from benchmarks.experiments.ladder import RUNGS
from benchmarks.store.file_names import file_safe
from benchmarks.tuning import result, scheduler
from benchmarks.tuning.protocol import Protocol, StudyPlan
from benchmarks.tuning.report.report import write
from benchmarks.tuning.samplers import sampler
from benchmarks.tuning.space import space
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.validation.usage import DONE, FAILED, check_folder, user_errors
from envs.api import Task
from envs.named import check_installed
from envs.validation import UsageError

SIZES = ("trials", "batch", "tuning_seeds", "selection_seeds", "test_seeds")


@dataclass(frozen=True)
class Tune:
    """The flags of `tune`."""

    variant: str | None = None  # one variant
    task: str | None = None  # one task
    variants: str | None = None  # x,y, or ladder for all its rungs: a study each
    tasks: str | None = None  # a,b: one configuration for all of them, judged by the mean score
    results: Path = RESULTS  # holds a folder for each --study
    trials: int = 64  # configurations of a study, the default among them; may be raised until the study is tested
    batch: int = 16  # configurations at once; a sampler learns from batch to batch
    tuning_seeds: int = 5  # seeds a trial, the same for all
    selection_seeds: int = 20  # fresh seeds for the default and the best five
    test_seeds: int = 20  # seeds for the default and the chosen one, used once
    env_steps: int | None = None  # budget of a run; the task's own where it is not given
    sampler: str = "tpe"  # tpe, random, qmc, cma or gp
    pruner: str | None = None  # none, racing or wilcoxon; where it is not given, none up to 64 trials and racing beyond
    objective: str = "last_fifth"  # last_fifth or auc
    space: str = "members"  # members, all (shapes too: networks, batches, windows, epochs), or fields: lam,clip
    seed: int = 0  # of the sampler
    # a journal file or an Optuna URL; <results>/<study>/studies.journal where it is not given
    storage: str | None = None
    study: str = "tuned"  # the folder under --results, and the studies' prefix in the storage
    jobs: int | None = None  # processes at once; the number of processors where it is not given
    device: str = "cpu"
    dry_run: bool = False  # say what would run, and stop
    # of the constructor of the environment that is yours, as size=5; max_episode_steps=500 sets its time limit
    env_kwargs: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    floor: float | None = None  # of the task that is yours: the return that counts 0; measured where it is not given
    ceiling: float | None = None  # of that task: the return that counts 1; without it scores are returns
    threshold: float | None = None  # of that task: the return that counts as solved

    def __call__(self) -> int:
        variants = [find_variant(n) for n in self._names("variant", self.variant, self.variants)]
        tasks = find_tasks((), self._names("task", self.task, self.tasks), parse_env_kwargs(self.env_kwargs))
        tasks = ScaleFlags(self.floor, self.ceiling, self.threshold).apply(tasks)
        check_positive("env-steps", self.env_steps)
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"--seed must be at least 0 and below 2^32, not {self.seed}")
        pruner = self.pruner or ("racing" if self.trials > 64 and len(tasks) == 1 else "none")
        budget = {name: getattr(self, name) for name in (*SIZES, "sampler", "objective", "space", "seed")}
        steps = {} if self.env_steps is None else {task.name: self.env_steps for task in tasks}
        with user_errors():
            plans = build_plans(self.study, variants, [tuple(tasks)], {**budget, "pruner": pruner}, steps)
        outcome = run_studies(plans, self.results, self.storage, self.jobs, self.device, self.dry_run)
        if outcome is None:
            return DONE
        folder = self.results / self.study
        if studies := result.load_all(folder):
            print(write(self.study, f"What do {self.trials} trials buy?", studies, folder))
        return FAILED if outcome.failures else DONE

    def _names(self, kind: str, one: str | None, many: str | None) -> Sequence[str]:
        if (one is None) == (many is None):
            raise UsageError(f"tune takes --{kind} NAME or --{kind}s A,B, one of the two")
        if one is not None:
            return [one]
        assert many is not None
        if kind == "variant" and many == "ladder":
            return RUNGS
        return split(many)


def build_plans(
    study: str,
    variants: Sequence[Algorithm],
    tasks: Sequence[tuple[Task, ...]],
    budget: Mapping[str, Any],
    env_steps: Mapping[str, int],
) -> list[StudyPlan]:
    """A plan for each variant on each set of tasks that it can run on; UsageError for what no study can be."""
    if file_safe(study) != study or study.startswith("."):
        raise UsageError(f"--study names a folder: letters, digits and - _ . = +, not {study!r}")
    plans = []
    for together in tasks:
        check_installed(together)
        steps = {task.name: env_steps.get(task.name) or settings.budget(task) for task in together}
        protocol = Protocol(env_steps=steps, **budget)
        sampler(protocol.sampler, protocol.seed, 0)  # it exists, and what it needs is installed
        if protocol.pruner == "racing" and len(together) > 1:
            raise UsageError("--pruner racing races on one task; tune each task by itself, or use wilcoxon")
        for variant in variants:
            for task in together:
                if reason := reason_unsupported(task, variant):
                    raise UsageError(reason)
            if not variant.tunable:
                why = "follows no gradient of ours" if variant.learns else "does not learn"
                raise UsageError(f"{variant.name} {why}: there is nothing to tune")
            plans.append(StudyPlan(study, variant, together, protocol, space(variant, together, protocol.space)))
    return plans


def _check_units(plans: Sequence[StudyPlan], folder: Path) -> None:
    """UsageError where the report of the folder would average returns of several tasks."""
    scales = {task: scale for study in result.load_all(folder) for task, scale in study.task_scales.items()}
    scales |= {task.name: task.scale for plan in plans for task in plan.tasks}
    raw = [task for task, scale in scales.items() if scale.ceiling is None]
    if raw and len(scales) > 1:
        raise UsageError(
            f"tune averages over the tasks of a folder, and {raw[0]} has no ceiling: give --ceiling, or tune it alone in "
            "another --study"
        )


def _with_measured_floors(plans: Sequence[StudyPlan], results: Path) -> list[StudyPlan]:
    """The plans, with the floors of tasks that have none."""
    tasks = {task.name: task for plan in plans for task in plan.tasks}
    measured = {task.name: task for task in with_floors(list(tasks.values()), results)}
    return [replace(plan, tasks=tuple(measured[task.name] for task in plan.tasks)) for plan in plans]


def run_studies(
    plans: Sequence[StudyPlan], results: Path, storage: str | None, jobs: int | None, device: str, dry_run: bool
) -> Outcome | None:
    """Work off the plans of one study folder; None for a dry run, which says what would be done."""
    check_positive("jobs", jobs)
    check_device(device)
    folder = results / plans[0].study
    _check_units(plans, folder)
    for part in () if dry_run else ("", "cells", "tables", "figures"):
        check_folder(folder / part, "--results")
    at_once = jobs or available_processors()
    total = sum(plan.env_steps for plan in plans)
    name = plans[0].study
    print(f"{name}: {len(plans)} studies, at most {total:,} environment steps, {at_once} at once", file=sys.stderr)
    if dry_run:
        for plan in plans:
            names = ", ".join(p.path for p in plan.space.parameters)
            print(f"{plan.label}: {plan.protocol.trials} trials x {plan.protocol.tuning_seeds} seeds over {names}")
        return None
    say_normalised((t, settings.training_config(t, plan.variant.name)) for plan in plans for t in plan.tasks)
    plans = _with_measured_floors(plans, results)
    outcome = scheduler.run_studies(plans, open_storage(storage, folder), folder, Execution(at_once, device))
    for failure in outcome.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return outcome

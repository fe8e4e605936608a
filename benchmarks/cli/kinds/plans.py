"""Studies from names and flags: their plans, and running them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from algorithms.algorithm import Algorithm
from benchmarks.cli.engine_flags import EngineFlags
from benchmarks.cli.options import check_positive, say_normalised
from benchmarks.design import settings
from benchmarks.design.experiment import Outcome
from benchmarks.design.overrides import parse_assignments
from benchmarks.design.resolve import reason_unsupported, resolve
from benchmarks.execution.cost import report_seconds
from benchmarks.execution.floors import with_floors
from benchmarks.execution.rehearsal import rehearse
from benchmarks.store.file_names import file_safe
from benchmarks.tuning import result, scheduler
from benchmarks.tuning.protocol import Protocol, StudyPlan
from benchmarks.tuning.samplers import sampler
from benchmarks.tuning.space import space
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.validation.usage import check_folder
from envs.api import Task
from envs.named import check_installed
from envs.validation import UsageError


def build_plans(
    study: str,
    variants: Sequence[Algorithm],
    tasks: Sequence[tuple[Task, ...]],
    budget: Mapping[str, Any],
    env_steps: Mapping[str, int],
    fixed: Sequence[str] = (),
) -> list[StudyPlan]:
    """A plan for each variant on each set of tasks that it can run on; UsageError for what no study can be.

    fixed  values that are not searched, as `--set` has them
    """
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
            values: dict[str, Any] = {}
            for task in together:
                values = parse_assignments(*resolve(task, variant), fixed)
            searched = space(variant, together, protocol.space, values)
            plans.append(StudyPlan(study, variant, together, protocol, searched))
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
    plans: Sequence[StudyPlan],
    results: Path,
    storage: str | None,
    jobs: int | None,
    device: str,
    dry_run: bool,
    where: EngineFlags,
) -> Outcome | None:
    """Work off the plans of one study folder; None for a dry run, which says what would be done."""
    check_positive("jobs", jobs)
    where.check_engine(device, dry_run)
    folder = results / plans[0].study
    _check_units(plans, folder)
    for part in () if dry_run else ("", "cells", "tables", "figures"):
        check_folder(folder / part, "--results")
    at_once = where.processors(jobs, dry_run)
    total = sum(plan.env_steps for plan in plans)
    name = plans[0].study
    studies = f"{len(plans)} stud{'y' if len(plans) == 1 else 'ies'}"
    print(f"{name}: {studies} to run: at most {total:,} environment steps, {at_once} at once", file=sys.stderr)
    if dry_run:
        for plan in plans:
            names = ", ".join(p.path for p in plan.space.parameters)
            fixed = "".join(f", with {path} = {value}" for path, value in plan.space.fixed)
            size = f"{plan.protocol.trials} trials x {plan.protocol.tuning_seeds} seeds"
            print(f"{plan.label}: {size} over {names}{fixed}")
        return None
    say_normalised((t, settings.training_config(t, plan.variant.name)) for plan in plans for t in plan.tasks)
    rehearse((task for plan in plans for task in plan.tasks), where.cell_timeout)
    plans = _with_measured_floors(plans, results)
    after_s = report_seconds(len(plans))
    outcome = scheduler.run_studies(
        plans, open_storage(storage, folder), folder, where.execution(at_once, device, jobs), after_s
    )
    for failure in outcome.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return outcome

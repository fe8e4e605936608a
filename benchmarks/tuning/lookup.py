"""Which configuration a folder of studies has for a variant on a task: what `run --tuned` trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from algorithms.algorithm import Algorithm
from benchmarks.design.scales import is_user_task
from benchmarks.tuning import result
from benchmarks.tuning.result import StudyResult, Values
from envs.api import Task
from envs.validation import UsageError

SHARED = ("trials", "tuning_seeds", "sampler", "pruner", "space", "objective")  # of a fair comparison


def configurations(folder: Path, tasks: Sequence[Task], variants: Sequence[Algorithm]) -> dict[tuple[str, str], Values]:
    """(task, variant) -> its tuned configuration, for every variant that learns.

    A study of the task alone goes before one over several tasks. UsageError where a pair has none, or where the studies had
    different budgets: the more trials, the better a variant would look.
    """
    single: dict[tuple[str, str], StudyResult] = {}
    joint: dict[tuple[str, str], StudyResult] = {}
    for study_result in result.load_all(folder):
        for task in study_result.tasks:
            (single if len(study_result.tasks) == 1 else joint)[task, study_result.variant] = study_result
    by_name = {task.name: task for task in tasks}
    pairs = [(name, v.name) for v in variants if v.tunable and not v.exact for name in by_name]
    studies = {pair: study for pair in pairs if (study := single.get(pair) or joint.get(pair))}
    if missing := [pair for pair in pairs if pair not in studies]:
        task_name, variant = missing[0]
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        asked = by_name[task_name]
        scale = f" --ceiling {asked.ceiling:g}" if is_user_task(asked) and asked.ceiling is not None else ""
        budget = ", and the --trials and --env-steps of the other studies" if studies else ""
        raise UsageError(
            f"{folder} holds no configuration of {variant} on {task_name}{more}; run: python -m benchmarks tune "
            f"--variant {variant} --task {task_name}{scale} --results {folder.parent} --study {folder.name}{budget}"
        )
    _check_equal(studies)
    return {pair: study.configuration for pair, study in studies.items()}


def _check_equal(studies: dict[tuple[str, str], StudyResult]) -> None:
    first: dict[str, StudyResult] = {}  # of each task: budgets of different tasks differ
    for (task, _), study in studies.items():
        other = first.setdefault(task, study)
        own, theirs = _budget(study, task), _budget(other, task)
        if differing := [key for key in own if own[key] != theirs[key]]:
            key = differing[0]
            raise UsageError(
                f"{study.variant} and {other.variant} were tuned on {task} under different budgets: {key} {own[key]} and "
                f"{theirs[key]}; tune both alike"
            )


def _budget(study: StudyResult, task: str) -> dict[str, object]:
    return {**{key: study.protocol.get(key) for key in SHARED}, "env_steps": study.protocol["env_steps"].get(task)}

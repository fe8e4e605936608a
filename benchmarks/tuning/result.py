"""What a study found, as JSON: the configuration that was chosen, every trial, the scores on three streams of seeds.

    results/<study>/<variant>__<task>[+<task>...].json

A score is a number a seed: the objective of that seed's run, normalised (0 the task's floor, 1 its ceiling) or, where the
task has no ceiling, a return. NaN (null in the file): the run diverged, or returned no finite number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.store.file_names import file_safe
from benchmarks.store.files import Damaged, read_document, save_json
from benchmarks.store.studies import stored_studies
from envs.api import Scale
from envs.validation import UsageError

Values = Mapping[str, Any]  # a configuration: the field's path -> its value
BySeed = Mapping[str, tuple[float, ...]]  # task -> one score a seed
VERSION = 1
KIND = "pg_ladder_tuned"
STATES = ("complete", "pruned", "diverged")  # of a trial


@dataclass(frozen=True)
class TrialResult:
    """A configuration and what it scored on the tuning seeds.

    state   complete; pruned: stopped early, so that its scores do not compare with those of whole runs; or diverged: all
            of its runs on a task are lost, so that it has no value
    scores  of the seeds that were run
    value   mean over tasks of the mean over seeds, where a lost run counts as the worst of the study (tuning.imputation)
    """

    number: int
    state: str
    values: Values
    scores: BySeed
    value: float


@dataclass(frozen=True)
class StageResult:
    """A configuration, known by its trial's number, on fresh seeds."""

    number: int
    scores: BySeed

    @property
    def value(self) -> float:
        """Mean over tasks of the mean over seeds."""
        return mean_score(self.scores)


@dataclass(frozen=True)
class StudyResult:
    """One study from its first trial to the test.

    configuration  the chosen one, trial `chosen`; default  what settings.py says, trial 0
    protocol       budget and method: what two studies must share to be compared
    space          the search: a name, and low, high, log, integer, or choices
    selection      the default and the best trials, again on the selection seeds: the best of them was chosen
    test           {"default": ..., "tuned": ...} on the test seeds, the same for both
    scales         floor, ceiling and threshold of each task
    return_ranges  the least and the largest return of an episode, of the tasks whose authors declare them
    """

    study: str
    variant: str
    tasks: tuple[str, ...]
    chosen: int
    configuration: Values
    default: Values
    protocol: Mapping[str, Any]
    space: tuple[Mapping[str, Any], ...]
    trials: tuple[TrialResult, ...]
    selection: tuple[StageResult, ...]
    test: Mapping[str, StageResult]
    provenance: Mapping[str, object]
    scales: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    return_ranges: Mapping[str, Sequence[float | None]] = field(default_factory=dict)

    @property
    def task_scales(self) -> dict[str, Scale]:
        """The scale of each task; normalised where the file says nothing."""
        ends = {task: self.scales.get(task, (0.0, 1.0, None)) for task in self.tasks}
        return {t: Scale(low, high, math.inf if solved is None else solved) for t, (low, high, solved) in ends.items()}

    @property
    def unit(self) -> str:
        """What its scores are measured in."""
        units = dict.fromkeys(scale.unit for scale in self.task_scales.values())
        return " or ".join(units)

    @property
    def file_name(self) -> str:
        return file_name(self.variant, self.tasks)


def task_label(tasks: Iterable[str]) -> str:
    """The tasks of a study in one phrase: `a + b`."""
    return " + ".join(tasks)


def mean_score(scores: Mapping[str, Sequence[float]]) -> float:
    """Mean over tasks of the mean over seeds."""
    return float(np.mean([np.mean(by_seed) for by_seed in scores.values()]))


LONGEST_TASKS = 150  # bytes of the tasks of a study in its file's name


def file_name(variant: str, tasks: Iterable[str]) -> str:
    """<variant>__<task>[+<task>...].json"""
    return f"{file_safe(variant)}__{file_safe('+'.join(file_safe(t) for t in tasks), LONGEST_TASKS)}.json"


def save(study: StudyResult, folder: Path) -> Path:
    """Write it under `folder`, whole or not at all."""
    path = folder / study.file_name
    save_json(path, _nulls({"kind": KIND, "version": VERSION, **asdict(study)}))
    return path


def _nulls(value: Any) -> Any:
    """NaN as None, all the way down: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {k: _nulls(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_nulls(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def load(path: Path) -> StudyResult:
    """Read it. UsageError, which names the file, where it is no result of a study or does not hold what one does."""
    try:
        value = read_document(path)
    except Damaged as error:
        raise UsageError(f"damaged: {error}") from error
    return _study(path, value)


def _study(path: Path, value: dict[str, Any]) -> StudyResult:
    """The study of this contents; `path` is the file that it has or would have."""
    if value.get("kind") != KIND or value.get("version") != VERSION:
        raise UsageError(f"{path} does not hold a tuned configuration (kind {KIND}, version {VERSION})")
    del value["kind"], value["version"]
    try:
        study = StudyResult(
            **{
                **value,
                "tasks": tuple(value["tasks"]),
                "space": tuple(value["space"]),
                "trials": tuple(_trial(t) for t in value["trials"]),
                "selection": tuple(_stage(s) for s in value["selection"]),
                "test": {name: _stage(s) for name, s in value["test"].items()},
            }
        )
        why = _inconsistency(path, study)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{path} is damaged: {type(error).__name__}: {error}") from error
    if why:
        raise UsageError(f"{path} is damaged: {why}")
    return study


def _inconsistency(path: Path, study: StudyResult) -> str | None:
    """What does not fit together: name, trials, the chosen configuration, scores of every seed."""
    if path.name != study.file_name:
        return f"it holds the study {study.file_name}"
    if [t.number for t in study.trials] != list(range(len(study.trials))) or not study.trials:
        return "its trials are not numbered from 0 on"
    if invalid := [t.number for t in study.trials if t.state not in STATES]:
        return f"its trial {invalid[0]} has the state {study.trials[invalid[0]].state}, none of {', '.join(STATES)}"
    numbers = {stage.number for stage in study.selection}
    if study.chosen not in numbers or not 0 <= study.chosen < len(study.trials):
        return f"trial {study.chosen}, which it chose, was not in its selection"
    if (dict(study.configuration), dict(study.default)) != tuple(
        dict(study.trials[i].values) for i in (study.chosen, 0)
    ):
        return "the configurations that it names are not those of its trials"
    if set(study.test) != {"default", "tuned"}:
        return "it has no scores on the test seeds"
    counts = {"selection": study.selection, "test": tuple(study.test.values())}
    for stage, stages in counts.items():
        expected = int(study.protocol[f"{stage}_seeds"])
        if any({*s.scores} != {*study.tasks} or {len(x) for x in s.scores.values()} != {expected} for s in stages):
            return f"its {stage} has not {expected} scores on every task"
    if any({*t.scores} != {*study.tasks} or not all(t.scores.values()) for t in study.trials):
        return "a trial of it lacks scores of a task"
    return None


def _trial(value: Mapping[str, Any]) -> TrialResult:
    return TrialResult(**{**value, "scores": _scores(value["scores"]), "value": _number(value["value"])})


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _stage(value: Mapping[str, Any]) -> StageResult:
    return StageResult(int(value["number"]), _scores(value["scores"]))


def _scores(value: Mapping[str, list[float | None]]) -> dict[str, tuple[float, ...]]:
    return {task: tuple(float(_number(x)) for x in by_seed) for task, by_seed in value.items()}


def load_all(folder: Path) -> list[StudyResult]:
    """All results of a folder, in the order of their names. UsageError that names what is damaged."""
    try:
        return [_study(folder / name, value) for name, value in stored_studies(folder)]
    except Damaged as error:
        raise UsageError(f"damaged: {error}") from error

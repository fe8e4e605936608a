"""Scores of one study's trials and stages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.loading.limits import named_limits
from benchmarks.tuning.imputation import impute, worst_finite_scores
from benchmarks.tuning.result import BySeed, StudyResult, TrialResult
from envs.api import Doubles
from envs.control.limits import ANYTHING, Limits
from envs.control.limits import mean as mean_limits

NAN = float("nan")
SETTINGS = ("default", "tuned")

StudyKey = tuple[str, str]  # a task (of a joint study: `a + b`) and a variant


def per_seed(scores: BySeed) -> Doubles:
    """Mean over the tasks of each seed's score [S]; of as many seeds as all tasks have. NaN where one is."""
    rows = [np.asarray(by_seed, np.float64) for by_seed in scores.values()]
    seeds = min(map(len, rows))
    means: Doubles = np.mean([row[:seeds] for row in rows], axis=0)
    return means


def by_number(trials: Iterable[TrialResult]) -> list[TrialResult]:
    """In the order in which they were drawn."""
    return sorted(trials, key=lambda t: t.number)


def complete_trials(study: StudyResult) -> list[TrialResult]:
    """Trials whose values compare: whole runs that have one."""
    return [t for t in by_number(study.trials) if t.state == "complete" and math.isfinite(t.value)]


def best_value(study: StudyResult) -> float:
    """The highest value of a complete trial; NaN where there is none."""
    return max((t.value for t in complete_trials(study)), default=NAN)


def trial_value(study: StudyResult, number: int) -> float:
    """What a complete trial scored on the tuning seeds; NaN where there is no such trial."""
    return next((t.value for t in complete_trials(study) if t.number == number), NAN)


def default_value(study: StudyResult) -> float:
    """What the default scored on the tuning seeds; NaN where that trial is not complete."""
    return trial_value(study, study.test["default"].number)


def best_so_far(study: StudyResult) -> Doubles:
    """The highest value among the first k trials [trials]; a pruned trial counts as a trial, its value does not."""
    complete = {t.number for t in complete_trials(study)}
    values = [t.value if t.number in complete else NAN for t in by_number(study.trials)]
    return np.fmax.accumulate(np.array(values, np.float64)) if values else np.zeros(0)


def selection_scores(study: StudyResult) -> Doubles:
    """The chosen configuration's score on each selection seed; empty where it was not run again."""
    stage = next((s for s in study.selection if s.number == study.chosen), None)
    return np.zeros(0) if stage is None else per_seed(stage.scores)


def tested_scores(study: StudyResult) -> tuple[Doubles, Doubles]:
    """Scores of the tuned and of the default setting, one a test seed, of the seeds that both have."""
    tuned, default = (per_seed(study.test[setting].scores) for setting in ("tuned", "default"))
    seeds = min(len(tuned), len(default))
    return tuned[:seeds], default[:seeds]


def score_limits(study: StudyResult) -> Limits:
    """What the expected score cannot leave, a mean over the study's tasks."""
    declared = {task: Limits.from_json(ends) for task, ends in study.return_ranges.items()}
    scales = study.task_scales.items()
    known = [(scale, declared.get(task, ANYTHING).within(named_limits(task, scale))) for task, scale in scales]
    return mean_limits(Limits(*(float(x) for x in scale.read(limits))) for scale, limits in known)


def lost_settings(study: StudyResult) -> list[str]:
    """The settings whose test runs on a task are all lost; of a study with `filled_study`."""
    return [setting for setting in SETTINGS if np.isnan(per_seed(study.test[setting].scores)).any()]


def imputed_study(study: StudyResult, worst_test: Mapping[str, float]) -> StudyResult:
    """The study with what its lost runs count as: trials and selection against those of the study."""
    scales = study.task_scales
    trials = worst_finite_scores(t.scores for t in study.trials if t.state == "complete")
    selection = worst_finite_scores(s.scores for s in study.selection)
    return replace(
        study,
        trials=tuple(replace(t, scores=impute(t.scores, trials, scales)) for t in study.trials),
        selection=tuple(replace(s, scores=impute(s.scores, selection, scales)) for s in study.selection),
        test={name: replace(s, scores=impute(s.scores, worst_test, scales)) for name, s in study.test.items()},
    )


def keeps_default(study: StudyResult) -> bool:
    """Whether the configuration that was chosen is the default itself."""
    return study.chosen == study.test["default"].number or as_json(study.configuration) == as_json(study.default)


def as_json(value: Any) -> Any:
    """As JSON has it: no tuples."""
    if isinstance(value, Mapping):
        return {k: as_json(v) for k, v in value.items()}
    return [as_json(v) for v in value] if isinstance(value, (list, tuple)) else value

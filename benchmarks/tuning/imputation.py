"""Scores of lost runs, which diverged or returned no finite number. They are stored as NaN.

Where scores are compared, NaN is replaced by the lower of the floor's score and the worst compared score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.tuning.result import mean_score
from envs.api import Doubles, Scale

Scores = Mapping[str, Sequence[float]]  # task -> one score a seed
NORMALISED = Scale(0.0, 1.0)  # a normalised score is its own score
DIGITS = 12  # values that agree so far are equal


def score_scale(scale: Scale) -> Scale:
    """The scale on which scores of `scale` are read again: they stay what they are, and so does the floor's score."""
    return NORMALISED if scale.normalised else scale


def worst_finite_scores(all_scores: Iterable[Scores]) -> dict[str, float]:
    """The worst finite score of each task; no entry where there is none."""
    worst: dict[str, float] = {}
    for scores in all_scores:
        for task, by_seed in scores.items():
            finite = [x for x in by_seed if np.isfinite(x)]
            if finite:
                worst[task] = min(worst.get(task, np.inf), *finite)
    return worst


def impute(scores: Scores, worst: Mapping[str, float], scales: Mapping[str, Scale]) -> dict[str, tuple[float, ...]]:
    """The scores with those of lost runs replaced; all NaN where a task's runs are all lost.

    worst  the worst score of each task among all that are compared      scales  by task; normalised where there is no entry
    """
    imputed = {}
    for task, by_seed in scores.items():
        scale = score_scale(scales.get(task, NORMALISED))
        imputed[task] = tuple(float(x) for x in scale.counted(by_seed, worst=worst.get(task, np.inf)))
    return imputed


def imputed_score(score: float, worst: float | None, scale: Scale) -> float:
    """One run's score, imputed for a lost run; NaN where no run has a score."""
    if np.isfinite(score):
        return score
    known = [x for x in (worst, score_scale(scale).floor) if x is not None]
    return min(known, default=float("nan"))


def mean_value(scores: Scores, worst: Mapping[str, float], scales: Mapping[str, Scale]) -> float:
    """Mean over tasks of the mean over seeds; NaN where a task's runs are all lost."""
    return mean_score(impute(scores, worst, scales))


def mean_values(all_scores: Iterable[Scores], scales: Mapping[str, Scale]) -> Doubles:
    """`mean_value` of each of those that are compared with one another."""
    compared = list(all_scores)
    worst = worst_finite_scores(compared)
    return np.array([mean_value(scores, worst, scales) for scores in compared])


def count_lost(scores: Scores) -> int:
    """How many runs have no finite score."""
    return sum(int((~np.isfinite(by_seed)).sum()) for by_seed in scores.values())


def best_index(all_scores: Sequence[Scores], scales: Mapping[str, Scale]) -> int | None:
    """The index of the best by `first_best` of their mean values; None where none has one."""
    values = mean_values(all_scores, scales)
    return None if np.isnan(values).all() else first_best(values, [count_lost(scores) for scores in all_scores])


def first_best(values: Doubles, lost_runs: Sequence[int]) -> int:
    """Index of the highest value; of equals the one with the fewest lost runs, then the first. NaN: no value."""
    known = [i for i, value in enumerate(values) if not np.isnan(value)]
    return min(known, key=lambda i: (-round(float(values[i]), DIGITS), lost_runs[i]))

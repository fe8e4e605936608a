"""What a run counts as that diverged or returned no finite number: its score is NaN wherever scores are kept.

It is replaced where scores are compared, by the lowest of the floor's score and the worst score of anyone compared there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.statistics.intervals import Doubles
from benchmarks.tuning.result import mean_score
from envs.api import Scale

Scores = Mapping[str, Sequence[float]]  # task -> one score a seed
OF_SCORES = Scale(0.0, 1.0)  # a normalised score is its own score


def of_scores(scale: Scale) -> Scale:
    """The scale on which scores of `scale` are read again: they stay what they are, and so does the floor's score."""
    return OF_SCORES if scale.normalised else scale


def worst(everyone: Iterable[Scores]) -> dict[str, float]:
    """The worst finite score of each task; no entry where there is none."""
    found: dict[str, float] = {}
    for scores in everyone:
        for task, of in scores.items():
            finite = [x for x in of if np.isfinite(x)]
            if finite:
                found[task] = min(found.get(task, np.inf), *finite)
    return found


def counted(scores: Scores, lowest: Mapping[str, float], scales: Mapping[str, Scale]) -> dict[str, tuple[float, ...]]:
    """The scores with those of lost runs replaced; all NaN where a task's runs are all lost.

    lowest  the worst score of each task among everyone compared      scales  by task; normalised where there is no entry
    """
    made = {}
    for task, of in scores.items():
        scale = of_scores(scales.get(task, OF_SCORES))
        made[task] = tuple(float(x) for x in scale.counted(of, worst=lowest.get(task, np.inf)))
    return made


def value(scores: Scores, lowest: Mapping[str, float], scales: Mapping[str, Scale]) -> float:
    """Mean over tasks of the mean over seeds; NaN where a task's runs are all lost."""
    return mean_score(counted(scores, lowest, scales))


def alone(score: float, lowest: float | None, scale: Scale) -> float:
    """A run's score by itself; of a lost run what it counts as, NaN where nobody has a score."""
    if np.isfinite(score):
        return score
    floor = of_scores(scale).floor
    known = [x for x in (lowest, floor) if x is not None]
    return min(known, default=float("nan"))


def lost(scores: Scores) -> int:
    """How many runs have no finite score."""
    return sum(int((~np.isfinite(of)).sum()) for of in scores.values())


def best(everyone: Sequence[Scores], scales: Mapping[str, Scale]) -> int | None:
    """The place of the highest value; of equals of those that lost fewest runs, and of these the first. None: no value."""
    found = values(everyone, scales)
    return None if np.isnan(found).all() else first(found, [lost(scores) for scores in everyone])


def first(values: Doubles, lost_runs: Sequence[int]) -> int:
    """Place of the highest value; of equals (12 digits) the one with the fewest lost runs, then the first. NaN: no value."""
    known = [i for i, value in enumerate(values) if not np.isnan(value)]
    return min(known, key=lambda i: (-round(float(values[i]), 12), lost_runs[i]))


def values(everyone: Iterable[Scores], scales: Mapping[str, Scale]) -> Doubles:
    """`value` of each of those that are compared with one another."""
    every = list(everyone)
    lowest = worst(every)
    return np.array([value(scores, lowest, scales) for scores in every])

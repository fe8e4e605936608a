"""One learning rate for each contestant, from the open tasks: all of them search the same list, on the same seeds."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from benchmarks.reports.rate_report import TIE, objective
from envs.api import Scale

Scores = dict[str, dict[float, float]]  # contestant -> rate -> score


def scores_of_rates(frame: pd.DataFrame, scales: Mapping[str, Scale]) -> Scores:
    """Mean over the open tasks of the score at each rate; NaN where all seeds of a task were lost at that rate."""
    table = objective(frame, scales)
    found: Scores = {}
    for (variant, _), group in table.groupby(["variant", "learning_rate"]):
        rate = float(group["learning_rate"].iloc[0])
        found.setdefault(str(variant), {})[rate] = float(group["score"].mean(skipna=False))
    return found


def chosen_rates(scores: Scores) -> dict[str, float]:
    """Of rates within TIE of the best the smallest; contestants without a finite score at any rate are left out."""
    chosen = {}
    for variant, by_rate in scores.items():
        finite = {rate: score for rate, score in by_rate.items() if score == score}
        if finite:
            best = max(finite.values())
            chosen[variant] = min(rate for rate, score in finite.items() if score >= best - TIE)
    return chosen

"""The highest score comes first, references below, and what has no score last of its kind."""

from __future__ import annotations

import math

import pandas as pd

from benchmarks.figures.parts.order import by_score, variants_by_score
from tests.benchmarks.findings.rising_runs import data, on_both

LEARNERS = {"low": 0.2, "high": 0.9, "middle": 0.5, "as middle": 0.5}


def test_rows_fall_equals_keep_their_order_and_references_stand_below() -> None:
    suite = data(on_both(LEARNERS)).suite
    rows = {"random": 0.0, "low": 0.2, "lost": math.nan, "high": 0.9, "optimal": 1.0, "middle": 0.5, "as middle": 0.5}
    table = pd.DataFrame({"variant": [*rows], "mean": [*rows.values()]})
    shown = list(by_score(suite, table)["variant"])
    assert shown[:4] == ["high", "middle", "as middle", "low"]
    assert shown[4:] == ["optimal", "random", "lost"]  # none of them learns here; no score is the last of its kind


def test_variants_by_their_mean_over_tasks() -> None:
    suite = data(on_both(LEARNERS)).suite
    assert variants_by_score(suite)[0] == "high"
    assert variants_by_score(suite)[-1] == "low"

"""What the finding on parity says of runs that agree, differ or are unsure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as sps

from benchmarks.findings import parity
from benchmarks.findings.parity import Parity
from benchmarks.reports import table_formats
from benchmarks.store.suite import Data, Suite
from envs.api import Scale
from tests.benchmarks.synthetic_results import NO_MEASURES, run_rows

PAIRS = {"mine": "theirs"}


def data(shift: float, spread: float = 1.0, ours: int = 30, theirs: int = 20, tasks: int = 1, still: int = -1) -> Data:
    """Runs whose mean returns rise from 0 to about 10; theirs end `shift` lower. Deviations by normal quantiles.

    still  the task on which nobody varies
    """
    rows = []
    for t in range(tasks):
        for name, n, below in (("mine", ours, 0.0), ("theirs", theirs, shift)):
            for seed, q in enumerate(sps.norm.ppf((np.arange(n) + 0.5) / n)):
                end = 10 + (0.0 if t == still else spread * q) - below * (1 + 6 * t)
                rows += run_rows(f"task{t}", name, seed, [0.0, end / 2, end], steps=100, rate=0.1)
    scales = {f"task{t}": Scale(0.0, 10.0, 9.0) for t in range(tasks)}
    return Data(Suite(pd.DataFrame(rows), scales, ("mine", "theirs")), NO_MEASURES)


def test_the_interval_lies_within_the_margin_where_equivalence_is_shown() -> None:
    for shift in (0.0, 0.3, 0.6, 0.9, 1.5):
        made = parity.table(data(shift).suite, PAIRS)
        inside = (made["low_90"] > -made["margin"]) & (made["high_90"] < made["margin"])
        assert (inside == (made["equal"] < 0.05)).all()
    assert [c for c in table_formats.as_text_table(made).columns if "interval" in c] == ["90 % interval"]
    assert list(made["measure"]) == ["area", "final"]
    assert made["difference"].tolist() == pytest.approx([0.75, 1.5])  # the area of 0, 1/2, 1 is half
    assert made["seeds"].tolist() == [30, 30]
    assert made["seeds_other"].tolist() == [20, 20]


def test_the_sentence_claims_what_is_shown() -> None:
    finding = Parity(PAIRS)
    alike = finding.sentence(data(0.0, tasks=2))
    assert "30 runs of ours against 20" in alike
    assert alike.startswith("Both learn alike in all 4 comparisons (largest p ")
    assert "- Equivalent in every row: `mine` on task0 (area, final), `mine` on task1 (area, final)." in alike
    unsure = finding.sentence(data(0.58))
    assert unsure.startswith("Both are shown to learn alike in 0 of 2 comparisons.")
    assert "- Neither is shown: `mine` on task0 (area, final)." in unsure
    assert "Equivalent" not in unsure
    mixed = finding.sentence(data(0.01, spread=0.1, tasks=3))  # .1, .7 and 1.3 deviations
    assert "- Equivalent: `mine` on task0" in mixed
    assert "- A difference is shown: `mine` on task2" in mixed
    assert "- Neither is shown: `mine` on task1" in mixed
    assert finding.sentence(data(0.0, ours=1, theirs=1)) == ""
    assert Parity({"mine": "nobody"}).sentence(data(0.0)) == ""


def test_rows_that_do_not_vary_are_compared_and_not_tested() -> None:
    same = Parity(PAIRS).sentence(data(0.0, tasks=2, still=1))
    assert same.startswith("Both learn alike in all 4 comparisons (largest p ")
    assert "- Equivalent in every row: `mine` on task0 (area, final)." in same
    assert "- The same number in every run: `mine` on task1 (area, final)." in same
    apart = Parity(PAIRS).sentence(data(0.01, spread=0.1, tasks=2, still=1))
    assert "- Numbers that differ and do not vary: `mine` on task1 (area, final)." in apart
    assert "A difference is shown in 2." in apart
    assert "in every row" not in apart

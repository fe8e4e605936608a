"""Equivalence: two one-sided tests within a margin of the pooled deviation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics.equivalence import equivalence, pooled_deviation


def test_equivalence_is_two_one_sided_tests_of_welch() -> None:
    rng = np.random.default_rng(0)
    b, a = rng.normal(0.2, 1.0, 30), rng.normal(0.0, 2.0, 12)
    found = equivalence(b, a)
    assert found.margin == pytest.approx(np.sqrt((29 * b.var(ddof=1) + 11 * a.var(ddof=1)) / 40))
    low = sps.ttest_ind(b + found.margin, a, equal_var=False, alternative="greater")
    high = sps.ttest_ind(b - found.margin, a, equal_var=False, alternative="less")
    assert found.p == pytest.approx(max(low.pvalue, high.pvalue), rel=1e-9)
    interval = sps.ttest_ind(b, a, equal_var=False).confidence_interval(0.9)
    assert (found.low_90, found.high_90) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_equivalence_by_hand() -> None:
    """0 and 2 against 0 and 2: s = sqrt 2 = the margin, its error sqrt(1 + 1): t = 1 with 2 degrees, tail .2113."""
    same = np.array([0.0, 2.0])
    found = equivalence(same, same)
    assert found.margin == pytest.approx(2**0.5)
    assert found.p == pytest.approx(0.5 * (1 - 1 / 3**0.5))
    assert equivalence(same, same, 2.0).p < found.p
    assert equivalence(same + 1.5, same).p > 0.5  # a difference beyond the margin


def test_what_has_no_deviation_is_not_tested() -> None:
    assert np.isnan(equivalence(np.array([1.0, 1.0]), np.array([1.0, 1.0])).p)
    assert np.isnan(pooled_deviation(np.array([1.0]), np.array([1.0, 2.0])))

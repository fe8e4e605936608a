"""Equivalence and non-inferiority: by scipy, by hand, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics.equivalence import equivalence, noninferiority, pooled_deviation, tost, tost_unpaired
from envs.api import Doubles
from tests.benchmarks.statistics.test_power import TOLERANCE, false_positive_rate


def test_tost_is_the_larger_of_two_one_sided_tests() -> None:
    rng = np.random.default_rng(6)
    d = rng.normal(0.1, 1, 9)
    above, below = sps.ttest_1samp(d, -0.5, alternative="greater"), sps.ttest_1samp(d, 0.5, alternative="less")
    assert tost(d, 0.5) == pytest.approx(max(above.pvalue, below.pvalue))
    assert tost(-d, 0.5) == pytest.approx(tost(d, 0.5))
    b, a = rng.normal(0, 1, 9), rng.normal(0, 3, 14)
    above = sps.ttest_ind(b + 0.5, a, equal_var=False, alternative="greater")
    below = sps.ttest_ind(b - 0.5, a, equal_var=False, alternative="less")
    assert tost_unpaired(b, a, 0.5) == pytest.approx(max(above.pvalue, below.pvalue))


def test_tost_at_its_edges() -> None:
    """Equal differences are no more certain than the permutation test of as many: 1 / 2^n, 1 / C(n_b + n_a, n_a)."""
    assert tost(np.full(4, 0.1), 0.2) == 1 / 16
    assert tost(np.full(2, 0.1), 0.2) == 1 / 4
    assert tost(np.array([0.1, 0.1 + 1e-9]), 0.2) == 1 / 4
    assert tost_unpaired(np.full(2, 0.1), np.full(2, 0.1), 0.2) == pytest.approx(1 / 6)
    assert tost_unpaired(np.full(5, 0.1), np.full(5, 0.1), 0.2) == pytest.approx(1 / 252)
    assert tost(np.full(4, 0.2), 0.2) == tost(np.full(4, -0.3), 0.2) == 1.0
    assert tost(np.array([0.0]), 0.2) == tost_unpaired(np.array([0.0]), np.zeros(3), 0.2) == 1.0
    for margin in (0.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=f"margin must be > 0, not {margin}"):
            tost(np.zeros(3), margin)


def test_tost_claims_equality_wrongly_once_in_twenty_and_rightly_often() -> None:
    rng, margin = np.random.default_rng(7), 1.0

    def equal(b: Doubles, a: Doubles) -> bool:
        return tost(b - a, margin) <= 0.05

    def equal_unpaired(b: Doubles, a: Doubles) -> bool:
        return tost_unpaired(b, a, margin) <= 0.05

    for claims in (equal, equal_unpaired):
        at_margin = false_positive_rate(claims, lambda: (rng.normal(margin, 0.5, 10), rng.normal(0, 0.5, 10)), 3_000)
        assert 0.03 < at_margin <= 0.05 + TOLERANCE + 0.002
        assert false_positive_rate(claims, lambda: (rng.normal(0, 0.5, 10), rng.normal(0, 0.5, 10)), 300) > 0.9


def test_noninferiority_by_hand() -> None:
    """Differences -.02, 0, .02, 0: mean 0, deviation sqrt(.0008 / 3), error half of it .00816; (0 + .03) / .00816 = 3.67."""
    a = np.array([0.5, 0.5, 0.6, 0.6])
    b = a + np.array([-0.02, 0.0, 0.02, 0.0])
    assert noninferiority(b, a, 0.03, paired=True) == pytest.approx(sps.t.sf(3.6742, 3), rel=1e-4)
    expected = sps.ttest_ind(b + 0.03, a, equal_var=False, alternative="greater").pvalue
    assert noninferiority(b, a, 0.03, paired=False) == pytest.approx(expected)
    assert noninferiority(a, a, 0.03, paired=True) == 1 / 16  # without variance: the sign test of four pairs
    assert noninferiority(a - 0.03, a, 0.03, paired=True) == 1.0
    same = np.full(4, 0.5)
    assert noninferiority(same, same, 0.03, paired=False) == 1 / 70  # C(8, 4)
    assert noninferiority(a[:1], a[:1], 0.03, paired=True) == 1.0


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

"""Statistics: hand examples, scipy, and simulations of what the tests promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks import stats


def test_iqm_leaves_out_a_quarter_at_each_end() -> None:
    assert stats.iqm(np.array([100.0, 3.0, 5.0, -50.0])) == 4.0


def test_t_interval_is_scipys() -> None:
    x = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    theirs = sps.t.interval(0.95, 4, loc=x.mean(), scale=sps.sem(x))
    assert stats.t_interval(x) == pytest.approx(theirs)
    assert np.isnan(stats.t_interval(x[:1]).low)


def test_t_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    inside = [i.low <= 3.0 <= i.high for i in (stats.t_interval(rng.normal(3, 2, 5)) for _ in range(4_000))]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


def test_sign_flip_p_is_exact() -> None:
    """All five differences positive: 2 of 32 sign patterns are as extreme."""
    rng = np.random.default_rng(0)
    assert stats.sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0, 6.0]), rng) == pytest.approx(2 / 32)
    assert stats.sign_flip_p(np.array([1.0, 2.0, -1.0]), rng) == pytest.approx(6 / 8)
    assert stats.sign_flip_p(np.zeros(5), rng) == 1.0
    assert stats.smallest_p(5) == 2 / 32


def test_sign_flip_p_is_calibrated_and_has_power() -> None:
    rng = np.random.default_rng(1)
    null = [stats.sign_flip_p(rng.normal(0, 1, 8), rng) for _ in range(800)]
    assert np.mean(np.array(null) <= 0.05) == pytest.approx(0.05, abs=0.025)
    moved = [stats.sign_flip_p(rng.normal(1.5, 1, 8), rng) for _ in range(200)]
    assert np.mean(np.array(moved) <= 0.05) > 0.9


def test_pairing_is_what_makes_small_differences_visible() -> None:
    """Seeds that differ widely and variants that differ a little: shuffling the pairs loses the difference."""
    rng = np.random.default_rng(2)
    a = np.arange(10.0)
    b = a + 0.3 + 0.01 * rng.normal(size=10)
    assert stats.compare_paired(b, a, rng).p == pytest.approx(2 / 2**10)
    assert stats.compare_paired(rng.permutation(b), a, rng).p > 0.3


def test_a12_by_hand() -> None:
    assert stats.a12(np.array([1.0, 3.0]), np.array([2.0, 3.0])) == (0 + 0 + 1 + 0.5) / 4
    assert stats.a12(np.array([9.0]), np.array([1.0, 2.0])) == 1.0


def test_holm_by_hand() -> None:
    adjusted = stats.holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(stats.holm(np.array([0.9, 0.8])), [1.0, 1.0])


def test_the_detectable_difference_is_detected_four_times_in_five() -> None:
    rng, n, spread = np.random.default_rng(3), 10, 2.0
    shift = stats.detectable(spread, n)
    p = [sps.ttest_1samp(rng.normal(shift, spread, n), 0).pvalue for _ in range(3_000)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.8, abs=0.03)
    assert stats.detectable(0.0, n) == 0.0


def test_bootstrap_resamples_whole_seeds() -> None:
    """Where all tasks of a seed rise and fall together, 8 tasks say no more than one."""
    rng = np.random.default_rng(4)
    luck = rng.normal(size=(10, 1))
    shared = np.repeat(luck, 8, axis=1)
    one, eight = (stats.bootstrap_iqm(x, np.random.default_rng(0)) for x in (luck, shared))
    assert eight.high - eight.low == pytest.approx(one.high - one.low, rel=0.15)
    free = rng.normal(size=(10, 8))
    narrow = stats.bootstrap_iqm(free, np.random.default_rng(0))
    assert narrow.high - narrow.low < 0.7 * (eight.high - eight.low)
    assert np.isnan(stats.bootstrap_iqm(free[:1], np.random.default_rng(0)).low)

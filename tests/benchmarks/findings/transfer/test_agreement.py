"""Kendall's tau by hand and against SciPy's, and what its interval and a repeat say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from benchmarks.findings.transfer.agreement import agreement, repeat_agreement, tau


def test_tau_counts_pairs() -> None:
    """1 2 3 4 against 1 3 2 4: five pairs in order, one turned: (5 - 1) / 6."""
    assert tau(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])) == pytest.approx(4 / 6)
    assert tau(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == -1
    assert np.isnan(tau(np.array([1.0, 1, 1]), np.array([3.0, 2, 1])))


def test_ties_count_as_in_scipy() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, (2, 8, 12)).astype(float)
    assert tau(a, b).tolist() == pytest.approx([kendalltau(x, y).statistic for x, y in zip(a, b, strict=True)])


def test_the_interval_is_narrow_where_seeds_agree_and_wide_where_they_do_not() -> None:
    """Variants 1 apart: with noise of .01 no resample turns a pair, with noise of 3 most do."""
    rng = np.random.default_rng(1)
    a = np.arange(6.0) + 0.01 * rng.standard_normal((10, 6))
    b = np.array([0.0, 2, 1, 3, 4, 5]) + 0.01 * rng.standard_normal((10, 6))
    assert agreement(a, b, rng, 200) == pytest.approx((13 / 15, 13 / 15, 13 / 15))  # one of 15 pairs is turned
    rough = agreement(a + 3 * rng.standard_normal(a.shape), b, rng, 200)
    assert rough.high - rough.low > 0.2


def test_a_repeat_agrees_where_seeds_do() -> None:
    rng = np.random.default_rng(2)
    clear = np.arange(6.0) + 0.01 * rng.standard_normal((10, 6))
    assert repeat_agreement(clear, rng) == 1
    assert abs(repeat_agreement(rng.standard_normal((10, 6)), rng)) < 0.3
    assert np.isnan(repeat_agreement(clear[:1], rng))


def test_the_interval_leaves_out_a_fortieth_at_each_end() -> None:
    """Three seeds order two variants, one the other way round: drawn three times, by a chance of 1 / 27 = .037, it turns the
    pair. That is more than .025 and less than .05."""
    a = np.array([[0.0, 1.0], [0.0, 1.0], [0.4, 0.0]])
    assert agreement(a, np.array([[0.0, 1.0]] * 3), np.random.default_rng(0), 20_000) == (1.0, -1.0, 1.0)


def test_seeds_are_resampled_together() -> None:
    """Seeds disagree, yet a ranking agrees with itself in every resample."""
    a = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert agreement(a, a, np.random.default_rng(0), 500) == (1.0, 1.0, 1.0)

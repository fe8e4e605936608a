"""Tests of B against A, and Holm's correction: hand examples and scipy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics.power import detectable_shift
from benchmarks.statistics.tests import a12, compare_paired, compare_unpaired, holm, rounded_differences


def test_a12_by_hand_and_by_mann_and_whitney() -> None:
    assert a12(np.array([1.0, 3.0]), np.array([2.0, 3.0])) == (0 + 0 + 1 + 0.5) / 4
    assert a12(np.array([9.0]), np.array([1.0, 2.0])) == 1.0
    rng = np.random.default_rng(0)
    b, a = rng.integers(0, 6, 8).astype(float), rng.integers(0, 5, 5).astype(float)
    assert a12(b, a) == pytest.approx(sps.mannwhitneyu(b, a).statistic / 40)


def test_holm_by_hand() -> None:
    adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), [1.0, 1.0])
    np.testing.assert_allclose(holm(np.array([np.nan, 0.04, 0.03])), [np.nan, 0.06, 0.06])
    assert holm(np.array([])).shape == (0,)


def test_compare_paired_is_the_test_of_the_differences() -> None:
    b, a = np.array([3.0, 5.0, 4.0, 9.0]), np.array([1.0, 4.0, 4.0, 6.0])
    result = compare_paired(b, a)
    assert (result.difference, result.p, result.n, result.paired) == (1.5, 4 / 16, 4, True)
    assert (result.mean_b, result.mean_a, result.a12) == (5.25, 3.75, (1 + 3 + 2 + 4) / 16)
    assert result.interval == pytest.approx(sps.ttest_rel(b, a).confidence_interval())
    assert compare_paired(a, b).difference == -1.5
    with pytest.raises(ValueError, match="4 and 3"):
        compare_paired(b, a[:3])


def test_pairing_is_what_makes_small_differences_visible() -> None:
    """Seeds that differ widely and variants that differ a little: shuffling the pairs loses the difference."""
    rng = np.random.default_rng(2)
    a = np.arange(10.0)
    b = a + 0.3 + 0.01 * rng.normal(size=10)
    assert compare_paired(b, a, rng).p == pytest.approx(2 / 2**10)
    assert compare_paired(rng.permutation(b), a, rng).p > 0.3
    assert compare_unpaired(b, a).p > 0.3


def test_compare_unpaired_is_welchs() -> None:
    rng = np.random.default_rng(3)
    b, a = rng.normal(1, 3, 12), rng.normal(0, 1, 7)
    result, theirs = compare_unpaired(b, a), sps.ttest_ind(b, a, equal_var=False)
    assert result.p == pytest.approx(theirs.pvalue)
    assert result.interval == pytest.approx(theirs.confidence_interval())
    assert result[0] == pytest.approx(b.mean() - a.mean())
    assert (result.n, result.paired, result.a12) == (7, False, a12(b, a))


def test_constant_and_single_samples_are_compared_without_warnings() -> None:
    """Two constant samples of 5 and 3 that differ: 2 / C(8, 3) = 2 / 56, and not 0."""
    same, other = np.full(3, 0.1), np.full(5, 0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for result in (compare_unpaired(same, np.full(5, 0.1)), compare_paired(same, same)):
            assert (result.p, tuple(result.interval), result.a12) == (1.0, (0, 0), 0.5)
        apart = compare_unpaired(other, same)
        assert (apart.p, apart.a12) == (pytest.approx(2 / 56), 1.0)
        assert tuple(apart.interval) == (apart.difference, apart.difference)
        for single in (compare_unpaired(other, same[:1]), compare_paired(other[:1], same[:1])):
            assert single.p == single.least_p == 1.0
            assert np.isnan([*single.interval, single.detectable()]).all()
            assert single.difference == pytest.approx(0.1)


@pytest.mark.parametrize("spread", [0.0, 1e-9, 1e-3])
def test_two_runs_a_side_show_nothing_however_equal_they_are(spread: float) -> None:
    """2 / C(4, 2) = 1 / 3; a t test says p 1e-6 or less of these."""
    b, a = np.array([1.0, 1.0 + spread]), np.array([0.0, spread])
    assert compare_unpaired(b, a).p == pytest.approx(1 / 3, abs=1e-9)


def test_welchs_test_of_scores_that_are_nearly_always_equal_claims_too_much_at_most_once_in_twenty() -> None:
    """Four runs a side that succeed (1) nine times in ten: often constant on both sides, and 1 of 4 against 4 of 4."""
    rng, times = np.random.default_rng(0), 3_000
    rate = np.mean([compare_unpaired(*(rng.random((2, 4)) < 0.9).astype(float)).p < 0.05 for _ in range(times)])
    assert rate <= 0.05


def test_equal_scores_that_round_differently_are_equal() -> None:
    a = np.array([0.1, 0.2, 0.3, 0.7, 1.1, 2.3])
    b = (a * 3) / 3 + 1e-17
    moved = a * (1 + 2e-16)
    assert compare_paired(moved, a).p == compare_paired(b, a).p == 1.0
    assert not rounded_differences(moved, a).any()


def test_what_is_shown_and_detected_is_by_the_level_and_welchs_degrees() -> None:
    """Two samples of 9 and 5 of unequal spread: fewer degrees of freedom than 5 - 1 or 9 + 5 - 2 have the shift."""
    result = compare_unpaired(np.linspace(0.0, 1.0, 9), np.linspace(0.0, 8.0, 5))
    assert abs(result.df - (result.n - 1)) > 0.05
    assert result.detectable() == pytest.approx(detectable_shift(result.df, 0.05) * result.error)
    assert not result._replace(p_corrected=0.05).shown
    assert result._replace(p_corrected=0.049).shown

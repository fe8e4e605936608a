"""How often the tests are wrong, by simulation: claims where nothing differs, misses where something does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics import power, sign_flips
from benchmarks.statistics.sign_flips import sign_flip_p
from benchmarks.statistics.tests import compare_paired, compare_unpaired, holm
from envs.api import Doubles

Claim = Callable[[Doubles, Doubles], bool]


TOLERANCE = 0.01  # three standard errors of a rate of .05 over 4,000 draws


def false_positive_rate(claims: Claim, draw: Callable[[], tuple[Doubles, Doubles]], times: int = 4_000) -> float:
    """How often `claims(b, a)` says that B and A differ, where both are draws of one distribution."""
    return float(np.mean([claims(*draw()) for _ in range(times)]))


def paired(b: Doubles, a: Doubles) -> bool:
    return sign_flip_p(b - a) <= 0.05


def welch(b: Doubles, a: Doubles) -> bool:
    return compare_unpaired(b, a).p <= 0.05


def unpaired_bootstrap(b: Doubles, a: Doubles) -> bool:
    """The wrong way: a percentile interval of the difference of two means that leaves out 0."""
    rng = np.random.default_rng(0)
    means = [x[rng.integers(len(x), size=(500, len(x)))].mean(axis=1) for x in (b, a)]
    low, high = np.quantile(means[0] - means[1], [0.025, 0.975])
    return not low <= 0 <= high


def normal(rng: np.random.Generator, n: int) -> Doubles:
    return rng.normal(size=n)


def skewed(rng: np.random.Generator, n: int) -> Doubles:
    return rng.lognormal(0, 1, n)


@pytest.mark.parametrize("seeds", [8, 10])
@pytest.mark.parametrize("scores", [normal, skewed])
def test_the_paired_test_claims_too_much_at_most_once_in_twenty(scores, seeds: int) -> None:
    """EpisodeRandomness that both share goes out with the difference, and the difference of two equal laws is symmetric."""
    rng = np.random.default_rng(seeds)

    def draw() -> tuple[Doubles, Doubles]:
        luck = scores(rng, seeds)
        return luck + scores(rng, seeds), luck + scores(rng, seeds)

    rate = false_positive_rate(paired, draw)
    assert 0.03 < rate <= 0.05 + TOLERANCE


@pytest.mark.parametrize("scores", [normal, skewed])
def test_welchs_test_claims_too_much_at_most_once_in_twenty(scores) -> None:
    rng = np.random.default_rng(0)
    assert false_positive_rate(welch, lambda: (scores(rng, 10), scores(rng, 6)), 2_000) <= 0.05 + 1.5 * TOLERANCE


def test_an_interval_of_the_bootstrap_claims_too_much_at_five_seeds() -> None:
    """The same check goes red for what must not be used, and not only just."""
    rng = np.random.default_rng(1)
    assert (
        false_positive_rate(unpaired_bootstrap, lambda: (normal(rng, 5), normal(rng, 5)), 3_000) > 0.05 + 3 * TOLERANCE
    )
    assert false_positive_rate(paired, lambda: (normal(rng, 5), normal(rng, 5)), 100) == 0.0  # 2 / 32 > .05


def ladders(rng: np.random.Generator, times: int) -> Iterator[Doubles]:
    """p of nine rungs, each against the one before, where ten variants are all the same on ten seeds."""
    for _ in range(times):
        scores = rng.lognormal(0, 1, (10, 1)) + rng.lognormal(0, 1, (10, 10))
        yield np.array([sign_flip_p(b - a) for a, b in pairwise(scores.T)])


def test_holm_keeps_nine_rungs_to_one_false_claim_in_twenty_ladders() -> None:
    p = list(ladders(np.random.default_rng(2), 1_200))
    assert np.mean([(holm(x) <= 0.05).any() for x in p]) <= 0.05 + 2 * TOLERANCE
    assert np.mean([(x <= 0.05).any() for x in p]) > 0.25  # without it, every third ladder


def shown_by_holm(n: int, comparisons: int, shift: float, times: int) -> float:
    """How often the first of so many comparisons is shown; its true difference is `shift` standard errors, the others' 0."""
    rng, count = np.random.default_rng(11), 0
    for _ in range(times):
        d = rng.normal(size=(comparisons, n))
        d[0] += shift / np.sqrt(n)
        count += holm(np.array([sign_flip_p(x) for x in d]))[0] < 0.05
    return count / times


@pytest.mark.parametrize(("n", "comparisons"), [(10, 1), (10, 9), (8, 3), (14, 34)])
def test_the_stated_difference_is_shown_with_probability_eight_tenths(n: int, comparisons: int) -> None:
    """By an independent simulation of the test that a report makes: exact sign-flips, Holm over the family."""
    shift = sign_flips.sign_flip_shift(n, 0.05 / comparisons)
    assert shown_by_holm(n, comparisons, shift, 1_500 if comparisons < 10 else 300) == pytest.approx(0.8, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "comparisons"), [(12, 16), (16, 9), (20, 66), (25, 66), (30, 9)])
def test_the_stated_difference_is_shown_with_probability_eight_tenths_of_many_seeds(n: int, comparisons: int) -> None:
    shift = sign_flips.sign_flip_shift(n, 0.05 / comparisons)
    assert shown_by_holm(n, comparisons, shift, 400) == pytest.approx(0.8, abs=0.05)


def test_the_difference_of_one_uncorrected_t_test_is_seldom_shown_in_a_family() -> None:
    """What reports said before: of nine comparisons of ten seeds it is shown in .28 of runs."""
    assert shown_by_holm(10, 9, power.detectable_shift(9, 0.05), 1_000) < 0.35
    ratio = sign_flips.sign_flip_shift(10, 0.05 / 9) / power.detectable_shift(9, 0.05)
    assert 1.5 < ratio < 1.75


def test_a_comparison_scales_the_shift_by_its_standard_error() -> None:
    """Differences 1, 2, ..., 10: s = sqrt(55 / 6), so the standard error is sqrt(55 / 60)."""
    d = np.arange(1.0, 11.0)
    found = compare_paired(d, np.zeros(10))
    assert found.error == pytest.approx(np.sqrt(55 / 60))
    assert found.detectable(9) == pytest.approx(sign_flips.sign_flip_shift(10, 0.05 / 9) * np.sqrt(55 / 60))
    assert np.isnan(found.detectable(26))  # 26 times 2 / 1024 is above .05
    assert np.isfinite(found.detectable(25))


def test_the_detectable_difference_of_welch_is_detected_with_probability_eight_tenths() -> None:
    """The limit that samples of exactly the true spreads state, alone and as one of nine."""
    rng = np.random.default_rng(4)
    b, a = (spread * sps.zscore(rng.normal(size=n), ddof=1) for n, spread in ((12, 1.0), (20, 2.0)))
    found = compare_unpaired(b, a)
    for comparisons in (1, 9):
        limit = found.detectable(comparisons)
        b, a = rng.normal(limit, 1, (12, 9_000)), rng.normal(0, 2, (20, 9_000))
        p = sps.ttest_ind(b, a, equal_var=False).pvalue
        assert np.mean(p < 0.05 / comparisons) == pytest.approx(0.8, abs=0.015)


def test_no_test_of_too_few_seeds_detects_anything() -> None:
    """2 / 2^5 is above .05, and so is 2 / C(6, 3) = .1."""
    assert np.isnan(sign_flips.sign_flip_shift(5, 0.05))
    x = np.array([1.0, 2.0, 4.0])
    assert np.isnan(compare_unpaired(x, x - 9).detectable())


@pytest.mark.parametrize(("df", "alpha"), [(2, 0.05), (9, 0.05), (9, 0.05 / 9), (15, 0.2), (999, 0.001)])
def test_the_detectable_shift_is_that_of_the_noncentral_t(df: int, alpha: float) -> None:
    """P(|T| > critical) is .8 at the shift that is found, both tails counted."""
    shift, critical = power.detectable_shift(df, alpha), sps.t.ppf(1 - alpha / 2, df)
    assert sps.nct.sf(critical, df, shift) + sps.nct.cdf(-critical, df, shift) == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize("tests", [5, 9, 12, 20, 100])
def test_a_shift_is_found_at_levels_that_a_correction_leaves(tests: int) -> None:
    """T = (Z + shift) / sqrt(chi2_9 / 9) drawn: eight tenths lie beyond the critical value of .05 / tests."""
    rng = np.random.default_rng(0)
    drawn = rng.normal(power.detectable_shift(9, 0.05 / tests), 1, 200_000) / np.sqrt(rng.chisquare(9, 200_000) / 9)
    assert (np.abs(drawn) > sps.t.ppf(1 - 0.025 / tests, 9)).mean() == pytest.approx(0.8, abs=0.005)


def test_nothing_is_detectable_without_variation_or_seeds() -> None:
    still, other = np.full(10, 0.5), np.full(10, 0.2)
    for found in (compare_paired(still, still), compare_paired(still, other)):
        assert np.isnan(found.detectable())
    assert np.isnan(compare_unpaired(still, other).detectable())
    assert np.isnan(compare_paired(still[:1], other[:1]).detectable())
    assert np.isnan(power.detectable_shift(1, 0.05))

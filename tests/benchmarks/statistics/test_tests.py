"""Statistics: hand examples, scipy, rliable's own figures, and simulations of what the intervals promise."""

from __future__ import annotations

import json
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics import tests as stats

RLIABLE = json.loads((Path(__file__).parent / "rliable.json").read_text())
ALTERNATIVES: tuple[stats.Alternative, ...] = ("two-sided", "less", "greater")


def coverage(interval: Callable[[stats.Doubles], stats.Interval], draw, truth: float, times: int) -> float:
    """How often the interval of a fresh draw holds the truth."""
    return float(np.mean([i.low <= truth <= i.high for i in (interval(draw()) for _ in range(times))]))


def test_aggregates_by_hand() -> None:
    """Tasks' means are 4, 1 and 0; of the six runs 0 0 1 1 2 6 the inner four are kept."""
    x = np.array([[2.0, 1.0, 0.0], [6.0, 1.0, 0.0]])
    assert stats.mean(x) == pytest.approx(5 / 3)
    assert stats.median(x) == 1.0
    assert stats.iqm(x) == 1.0
    assert stats.optimality_gap(x) == pytest.approx((0 + 0 + 1 + 0 + 0 + 1) / 6)
    assert stats.optimality_gap(x, 3.0) == pytest.approx((1 + 2 + 3 + 0 + 2 + 3) / 6)
    assert stats.median(np.array([3.0, 1.0, 8.0])) == 3.0  # a vector is one seed's tasks


def test_iqm_leaves_out_a_quarter_at_each_end() -> None:
    assert stats.iqm(np.array([100.0, 3.0, 5.0, -50.0])) == 4.0


@pytest.mark.parametrize("runs", range(1, 14))
def test_iqm_is_scipys_trimmed_mean(runs: int) -> None:
    x = np.random.default_rng(runs).normal(size=(50, runs))
    np.testing.assert_allclose(stats.iqm(x, axis=1), sps.trim_mean(x, 0.25, axis=1), atol=1e-12)


@pytest.mark.parametrize("name", stats.AGGREGATES)
def test_aggregates_are_rliables(name: str) -> None:
    for algorithm, scores in RLIABLE["scores"].items():
        assert stats.AGGREGATES[name](np.array(scores)) == pytest.approx(RLIABLE[name][algorithm], abs=1e-12)


@pytest.mark.parametrize("name", stats.AGGREGATES)
def test_aggregates_of_many_matrices_are_those_of_each(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(7, 5, 3))
    each = [stats.AGGREGATES[name](m) for m in x]
    np.testing.assert_allclose(stats.AGGREGATES[name](x), each, atol=1e-14)
    np.testing.assert_allclose(stats.AGGREGATES[name](x, axis=1), each, atol=1e-14)
    assert np.shape(stats.AGGREGATES[name](x[0])) == ()


def test_t_interval_is_scipys() -> None:
    x = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    theirs = sps.t.interval(0.95, 4, loc=x.mean(), scale=sps.sem(x))
    assert stats.t_interval(x) == pytest.approx(theirs)
    assert stats.t_interval(x, 0.8) == pytest.approx(sps.t.interval(0.8, 4, loc=x.mean(), scale=sps.sem(x)))
    assert np.isnan(stats.t_interval(x[:1]).low)


NORMAL, SKEWED = (lambda rng: rng.normal(0, 2, 5), 0.0), (lambda rng: rng.lognormal(0, 1, 5), np.exp(0.5))


@pytest.mark.parametrize(("scores", "of_t", "of_bootstrap"), [(NORMAL, 0.95, 0.83), (SKEWED, 0.82, 0.73)])
def test_at_five_seeds_a_t_interval_covers_more_than_a_bootstrap(scores, of_t: float, of_bootstrap: float) -> None:
    rng, (draw, truth) = np.random.default_rng(0), scores
    assert coverage(stats.t_interval, lambda: draw(rng), truth, 6_000) == pytest.approx(of_t, abs=0.015)

    def percentile(x: stats.Doubles) -> stats.Interval:
        return stats.bootstrap(x[:, None], stats.mean, rng, 400)

    assert coverage(percentile, lambda: draw(rng), truth, 2_000) == pytest.approx(of_bootstrap, abs=0.025)


def test_where_tasks_share_a_seeds_luck_only_whole_seeds_cover() -> None:
    """Ten seeds, eight tasks, half the variance the seed's: (run, task) alone covers 63 %, whole seeds 91 %."""
    rng, tasks = np.random.default_rng(1), np.arange(8)

    def draw() -> stats.Doubles:
        return rng.normal(size=(10, 1)) + rng.normal(size=(10, 8))

    def each_alone(x: stats.Doubles) -> stats.Interval:
        low, high = np.quantile(stats.iqm(x[rng.integers(10, size=(300, 10, 8)), tasks]), [0.025, 0.975])
        return stats.Interval(low, high)

    assert coverage(each_alone, draw, 0.0, 1_200) == pytest.approx(0.63, abs=0.045)
    assert coverage(lambda x: stats.bootstrap_iqm(x, rng, 300), draw, 0.0, 1_200) == pytest.approx(0.91, abs=0.03)


def test_bootstrap_resamples_whole_seeds() -> None:
    """Where all tasks of a seed rise and fall together, 8 tasks say no more than one."""
    rng = np.random.default_rng(4)
    luck = rng.normal(size=(10, 1))
    shared = np.repeat(luck, 8, axis=1)
    one, eight = (stats.bootstrap(x, stats.mean, np.random.default_rng(0)) for x in (luck, shared))
    assert eight == pytest.approx(one, abs=1e-12)
    assert np.isnan(stats.bootstrap_iqm(shared[:1], np.random.default_rng(0)).low)


@pytest.mark.parametrize("chunk", [1, 1_000, stats.CHUNK])
def test_bootstrap_is_the_quantiles_of_the_statistic_in_chunks_of_any_size(chunk: int, monkeypatch) -> None:
    monkeypatch.setattr(stats, "CHUNK", chunk)
    x = np.random.default_rng(5).normal(size=(6, 3))
    drawn = x[np.random.default_rng(0).integers(6, size=(999, 6))].reshape(999, -1)
    expected = np.quantile(sps.trim_mean(drawn, 0.25, axis=1), [0.025, 0.975])
    assert stats.bootstrap_iqm(x, np.random.default_rng(0), 999) == pytest.approx(tuple(expected), abs=1e-12)
    wide, narrow = (stats.bootstrap(x, stats.median, np.random.default_rng(0), 999, c) for c in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_bootstrap_stays_under_a_hundred_megabytes() -> None:
    tracemalloc.start()
    stats.bootstrap_iqm(np.random.default_rng(0).normal(size=(50, 40)), np.random.default_rng(0), 3_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e8


def test_sign_flip_p_by_hand() -> None:
    """All five differences positive: 2 of 32 sign patterns are as extreme."""
    assert stats.sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0, 6.0])) == 2 / 32 == stats.smallest_p(5)
    assert stats.sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0, 6.0]), alternative="greater") == 1 / 32
    assert stats.sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0, 6.0]), alternative="less") == 1.0
    assert stats.sign_flip_p(np.array([1.0, 2.0, -1.0])) == 6 / 8
    assert stats.sign_flip_p(np.array([1.0, 2.0, 0.0])) == 4 / 8  # both flips of the zero count
    assert stats.sign_flip_p(np.zeros(5)) == stats.sign_flip_p(np.array([3.0])) == 1.0
    assert np.isnan(stats.sign_flip_p(np.array([1.0, np.nan, 2.0])))


@pytest.mark.parametrize("n", [2, 3, 5, 8, 11, 13])
@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_sign_flip_p_is_scipys(n: int, alternative: stats.Alternative) -> None:
    rng = np.random.default_rng(n)
    for d in (rng.normal(0.5, 1, n), rng.integers(-2, 4, n) * 0.25, rng.lognormal(0, 1, n) - 1):
        if d.any():
            theirs = sps.permutation_test(
                (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative
            )
            assert stats.sign_flip_p(d, alternative=alternative) == pytest.approx(theirs.pvalue, abs=1e-14)


def exact_by_counting(d: list[int]) -> float:
    """Two-sided p of integer differences: the number of sign patterns of each sum, added pair by pair."""
    counts = {0: 1}
    for value in d:
        nxt: dict[int, int] = {}
        for total, ways in counts.items():
            for moved in (total + value, total - value):
                nxt[moved] = nxt.get(moved, 0) + ways
        counts = nxt
    return sum(ways for total, ways in counts.items() if abs(total) >= abs(sum(d))) / 2 ** len(d)


@pytest.mark.parametrize("n", [14, 27, 40])
def test_sign_flip_p_is_exact_up_to_forty_pairs(n: int) -> None:
    d = np.random.default_rng(n).integers(-20, 32, n)
    exact = exact_by_counting(d.tolist())
    assert stats.sign_flip_p(d) == pytest.approx(exact, rel=1e-12)
    assert stats.sign_flip_p(d * 0.1) == pytest.approx(exact, rel=1e-12)  # equal sums that round differently


def test_sign_flip_p_is_drawn_above_forty_pairs() -> None:
    d = np.random.default_rng(0).integers(-20, 30, 60)
    p, exact = stats.sign_flip_p(d), exact_by_counting(d.tolist())
    assert p == pytest.approx(exact, rel=0.1)
    assert p == stats.sign_flip_p(d) != stats.sign_flip_p(d, np.random.default_rng(1))


def test_a12_by_hand_and_by_mann_and_whitney() -> None:
    assert stats.a12(np.array([1.0, 3.0]), np.array([2.0, 3.0])) == (0 + 0 + 1 + 0.5) / 4
    assert stats.a12(np.array([9.0]), np.array([1.0, 2.0])) == 1.0
    rng = np.random.default_rng(0)
    b, a = rng.integers(0, 6, 8).astype(float), rng.integers(0, 5, 5).astype(float)
    assert stats.a12(b, a) == pytest.approx(sps.mannwhitneyu(b, a).statistic / 40)


def test_holm_by_hand() -> None:
    adjusted = stats.holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(stats.holm(np.array([0.9, 0.8])), [1.0, 1.0])
    np.testing.assert_allclose(stats.holm(np.array([np.nan, 0.04, 0.03])), [np.nan, 0.06, 0.06])
    assert stats.holm(np.array([])).shape == (0,)


def test_compare_paired_is_the_test_of_the_differences() -> None:
    b, a = np.array([3.0, 5.0, 4.0, 9.0]), np.array([1.0, 4.0, 4.0, 6.0])
    result = stats.compare_paired(b, a)
    assert (result.difference, result.p, result.n, result.paired) == (1.5, 4 / 16, 4, True)
    assert (result.mean_b, result.mean_a, result.a12) == (5.25, 3.75, (1 + 3 + 2 + 4) / 16)
    assert result.interval == pytest.approx(sps.ttest_rel(b, a).confidence_interval())
    assert stats.compare_paired(a, b).difference == -1.5
    with pytest.raises(ValueError, match="4 and 3"):
        stats.compare_paired(b, a[:3])


def test_pairing_is_what_makes_small_differences_visible() -> None:
    """Seeds that differ widely and variants that differ a little: shuffling the pairs loses the difference."""
    rng = np.random.default_rng(2)
    a = np.arange(10.0)
    b = a + 0.3 + 0.01 * rng.normal(size=10)
    assert stats.compare_paired(b, a, rng).p == pytest.approx(2 / 2**10)
    assert stats.compare_paired(rng.permutation(b), a, rng).p > 0.3
    assert stats.compare_unpaired(b, a).p > 0.3


def test_compare_unpaired_is_welchs() -> None:
    rng = np.random.default_rng(3)
    b, a = rng.normal(1, 3, 12), rng.normal(0, 1, 7)
    result, theirs = stats.compare_unpaired(b, a), sps.ttest_ind(b, a, equal_var=False)
    assert result.p == pytest.approx(theirs.pvalue)
    assert result.interval == pytest.approx(theirs.confidence_interval())
    assert result[0] == pytest.approx(b.mean() - a.mean())
    assert (result.n, result.paired, result.a12) == (7, False, stats.a12(b, a))


def test_constant_and_single_samples_are_compared_without_warnings() -> None:
    """Two constant samples of 5 and 3 that differ: 2 / C(8, 3) = 2 / 56, and not 0."""
    same, other = np.full(3, 0.1), np.full(5, 0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for result in (stats.compare_unpaired(same, np.full(5, 0.1)), stats.compare_paired(same, same)):
            assert (result.p, tuple(result.interval), result.a12) == (1.0, (0, 0), 0.5)
        apart = stats.compare_unpaired(other, same)
        assert (apart.p, apart.a12) == (pytest.approx(2 / 56), 1.0)
        assert tuple(apart.interval) == (apart.difference, apart.difference)
        for single in (stats.compare_unpaired(other, same[:1]), stats.compare_paired(other[:1], same[:1])):
            assert single.p == single.least == 1.0
            assert np.isnan([*single.interval, single.detectable()]).all()
            assert single.difference == pytest.approx(0.1)


@pytest.mark.parametrize("spread", [0.0, 1e-9, 1e-3])
def test_two_runs_a_side_show_nothing_however_equal_they_are(spread: float) -> None:
    """2 / C(4, 2) = 1 / 3; a t test says p 1e-6 or less of these."""
    b, a = np.array([1.0, 1.0 + spread]), np.array([0.0, spread])
    assert stats.compare_unpaired(b, a).p == pytest.approx(1 / 3, abs=1e-9)


def test_welchs_test_of_scores_that_are_nearly_always_equal_claims_too_much_at_most_once_in_twenty() -> None:
    """Four runs a side that succeed (1) nine times in ten: often constant on both sides, and 1 of 4 against 4 of 4."""
    rng, times = np.random.default_rng(0), 3_000
    rate = np.mean([stats.compare_unpaired(*(rng.random((2, 4)) < 0.9).astype(float)).p < 0.05 for _ in range(times)])
    assert rate <= 0.05


def test_equal_scores_that_round_differently_are_equal() -> None:
    a = np.array([0.1, 0.2, 0.3, 0.7, 1.1, 2.3])
    b = (a * 3) / 3 + 1e-17
    moved = a * (1 + 2e-16)
    assert stats.compare_paired(moved, a).p == stats.compare_paired(b, a).p == 1.0
    assert not stats.differences(moved, a).any()

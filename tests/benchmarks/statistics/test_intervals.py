"""Intervals: by scipy, and simulations of how often they hold the truth."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics import aggregates, intervals
from benchmarks.statistics.intervals import Interval, bootstrap, t_interval
from envs.api import Doubles


def coverage(interval: Callable[[Doubles], Interval], draw, truth: float, times: int) -> float:
    """How often the interval of a fresh draw holds the truth."""
    return float(np.mean([i.low <= truth <= i.high for i in (interval(draw()) for _ in range(times))]))


NORMAL, SKEWED = (lambda rng: rng.normal(0, 2, 5), 0.0), (lambda rng: rng.lognormal(0, 1, 5), np.exp(0.5))


def test_t_interval_is_scipys() -> None:
    x = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    theirs = sps.t.interval(0.95, 4, loc=x.mean(), scale=sps.sem(x))
    assert t_interval(x) == pytest.approx(theirs)
    assert t_interval(x, 0.8) == pytest.approx(sps.t.interval(0.8, 4, loc=x.mean(), scale=sps.sem(x)))
    assert np.isnan(t_interval(x[:1]).low)


def test_an_interval_ends_where_the_quantity_cannot_go() -> None:
    """499, 500, 500, 500, 500: 499.8 +- 2.776 * .447 / sqrt(5) = .555, so that the upper end would be 500.36."""
    x = np.array([499.0, 500.0, 500.0, 500.0, 500.0])
    assert t_interval(x) == pytest.approx((499.2447, 500.3553), abs=1e-4)
    assert t_interval(x, limits=(0.0, 500.0)) == pytest.approx((499.2447, 500.0), abs=1e-4)
    assert t_interval(x, limits=(499.5, 499.9)) == pytest.approx((499.5, 499.9))
    beyond = t_interval(x, limits=(0.0, 499.0))  # a mean that chance has put beyond the limit stays in its interval
    assert beyond == pytest.approx((499.2447, 499.8), abs=1e-4)
    assert np.isnan(t_interval(x[:1], limits=(0.0, 1.0)).low)
    assert intervals.limits_of_difference((0.0, 1.0), (0.2, 0.5)) == (-0.5, 0.8)


def test_a_cut_interval_holds_the_truth_as_often() -> None:
    """A beta of mean .9: what is cut off is above 1, where the mean cannot be."""
    rng = np.random.default_rng(3)
    draws = [rng.beta(2.7, 0.3, 5) for _ in range(2_000)]
    plain, cut = ([t_interval(x, limits=limits) for x in draws] for limits in ((-np.inf, np.inf), (0.0, 1.0)))
    held = [[i.low <= 0.9 <= i.high for i in of] for of in (plain, cut)]
    assert held[0] == held[1]
    assert sum(i.high > 1 for i in plain) > 1_000
    assert not any(i.high > 1 for i in cut)


@pytest.mark.parametrize(("scores", "of_t", "of_bootstrap"), [(NORMAL, 0.95, 0.83), (SKEWED, 0.82, 0.73)])
def test_at_five_seeds_a_t_interval_covers_more_than_a_bootstrap(scores, of_t: float, of_bootstrap: float) -> None:
    rng, (draw, truth) = np.random.default_rng(0), scores
    assert coverage(t_interval, lambda: draw(rng), truth, 6_000) == pytest.approx(of_t, abs=0.015)

    def percentile(x: Doubles) -> Interval:
        return bootstrap(x[:, None], aggregates.mean, rng, 400)

    assert coverage(percentile, lambda: draw(rng), truth, 2_000) == pytest.approx(of_bootstrap, abs=0.025)


def test_where_tasks_share_a_seeds_luck_only_whole_seeds_cover() -> None:
    """Ten seeds, eight tasks, half the variance the seed's: (run, task) alone covers 63 %, whole seeds 91 %."""
    rng, tasks = np.random.default_rng(1), np.arange(8)

    def draw() -> Doubles:
        return rng.normal(size=(10, 1)) + rng.normal(size=(10, 8))

    def each_alone(x: Doubles) -> Interval:
        low, high = np.quantile(aggregates.iqm(x[rng.integers(10, size=(300, 10, 8)), tasks]), [0.025, 0.975])
        return Interval(low, high)

    assert coverage(each_alone, draw, 0.0, 1_200) == pytest.approx(0.63, abs=0.045)
    assert coverage(lambda x: aggregates.bootstrap_iqm(x, rng, 300), draw, 0.0, 1_200) == pytest.approx(0.91, abs=0.03)


def test_bootstrap_resamples_whole_seeds() -> None:
    """Where all tasks of a seed rise and fall together, 8 tasks say no more than one."""
    rng = np.random.default_rng(4)
    luck = rng.normal(size=(10, 1))
    shared = np.repeat(luck, 8, axis=1)
    one, eight = (bootstrap(x, aggregates.mean, np.random.default_rng(0)) for x in (luck, shared))
    assert eight == pytest.approx(one, abs=1e-12)
    assert np.isnan(aggregates.bootstrap_iqm(shared[:1], np.random.default_rng(0)).low)


@pytest.mark.parametrize("chunk", [1, 1_000, intervals.CHUNK])
def test_bootstrap_is_the_quantiles_of_the_statistic_in_chunks_of_any_size(chunk: int, monkeypatch) -> None:
    monkeypatch.setattr(intervals, "CHUNK", chunk)
    x = np.random.default_rng(5).normal(size=(6, 3))
    drawn = x[np.random.default_rng(0).integers(6, size=(999, 6))].reshape(999, -1)
    expected = np.quantile(sps.trim_mean(drawn, 0.25, axis=1), [0.025, 0.975])
    assert aggregates.bootstrap_iqm(x, np.random.default_rng(0), 999) == pytest.approx(tuple(expected), abs=1e-12)
    wide, narrow = (bootstrap(x, aggregates.median, np.random.default_rng(0), 999, c) for c in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_bootstrap_stays_under_a_hundred_megabytes() -> None:
    tracemalloc.start()
    aggregates.bootstrap_iqm(np.random.default_rng(0).normal(size=(50, 40)), np.random.default_rng(0), 3_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e8

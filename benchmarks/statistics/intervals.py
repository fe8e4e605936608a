"""Confidence intervals of scores over seeds: Student's t of a mean, and a bootstrap of whole seeds of any statistic.

Scores are finite: the caller decides what a failed run counts as, and nothing is dropped here. Where it is known what an
expectation cannot leave, its interval is cut there (`within`): what is cut off cannot be the expectation, so the interval
holds it as often as before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Statistic = Callable[[Doubles], Doubles]  # [resamples, seeds, tasks] -> [resamples]
RESAMPLES = 10_000
CHUNK = 2**21  # resampled scores held at once, 16 MiB; a statistic makes a few copies
NAN = float("nan")
Limits = tuple[float, float]  # lowest and highest value that a quantity can have
ANYTHING: Limits = (-np.inf, np.inf)


class Interval(NamedTuple):
    """low..high at the stated confidence; NaN where there are too few values."""

    low: float
    high: float


def moments(x: Doubles) -> tuple[float, float]:
    """Mean and variance (ddof 1) of [n]: exactly 0 for a constant, whose mean rounds; NaN variance under two values."""
    if len(x) < 2:
        return float(np.mean(x)), NAN
    if x.min() == x.max():
        return float(x[0]), 0.0
    return float(x.mean()), float(x.var(ddof=1))


def within(interval: Interval, centre: float, limits: Limits) -> Interval:
    """The part of the interval within the limits; a centre that chance has put beyond them stays in it."""
    if np.isnan(interval.low):
        return interval
    low, high = min(limits[0], centre), max(limits[1], centre)
    return Interval(max(interval.low, low), min(interval.high, high))


def limits_of_difference(b: Limits, a: Limits) -> Limits:
    """(low_b - high_a, high_b - low_a): what b - a cannot leave."""
    return b[0] - a[1], b[1] - a[0]


@cache
def _quantile(share: float, df: int) -> float:
    """Of Student's t: scipy takes longer for it than an interval for all the rest."""
    return float(scipy.stats.t.ppf(share, df))


def t_interval(x: Doubles, confidence: float = 0.95, limits: Limits = ANYTHING) -> Interval:
    """mean +- t_{n-1} s / sqrt(n), within `limits`: without width where all values are equal, NaN under two."""
    n = len(x)
    if n < 2:
        return Interval(NAN, NAN)
    centre, variance = moments(x)
    half = float(_quantile((1 + confidence) / 2, n - 1) * np.sqrt(variance / n))
    return within(Interval(centre - half, centre + half), centre, limits)


def over_resamples(scores: Doubles, statistic: Statistic, drawn: NDArray[np.int64]) -> Doubles:
    """The statistic of scores[drawn], in chunks: scores [seeds, ...], drawn [resamples, seeds] -> [resamples]."""
    step = max(1, CHUNK // max(1, scores.size))
    return np.concatenate([statistic(scores[drawn[i : i + step]]) for i in range(0, len(drawn), step)])


def bootstrap(
    scores: Doubles,
    statistic: Statistic,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Percentile interval of a statistic of scores [seeds, tasks], resampling whole seeds; NaN under two seeds.

    One index a seed serves all its tasks: tasks of one seed share randomness, so resampling each (seed, task) alone would
    count the same chance several times.
    """
    seeds = len(scores)
    if seeds < 2:
        return Interval(NAN, NAN)
    return percentiles(over_resamples(scores, statistic, rng.integers(seeds, size=(resamples, seeds))), confidence)


def percentiles(values: Doubles, confidence: float = 0.95) -> Interval:
    """The middle share of resampled values."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return Interval(low, high)

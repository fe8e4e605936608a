"""Measures over learning curves and over suites: time to threshold, profiles, probability of improvement.

Suites are [seeds, tasks] and every interval resamples whole seeds. A resample enters only through how often it holds each
seed, so resampling is a matrix product of weights [resamples, seeds] wherever the measure is a mean over seeds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from benchmarks.statistics.aggregates import iqm, resampled_iqm
from benchmarks.statistics.intervals import Doubles, Interval

RESAMPLES = 2_000
TAILS = (0.025, 0.975)


class Band(NamedTuple):
    """Pointwise 95 % interval of a curve; NaN under two seeds."""

    low: Doubles  # [K]
    high: Doubles  # [K]


class IqmCurve(NamedTuple):
    """The IQM of a suite at each checkpoint and its pointwise 95 % interval."""

    iqm: Doubles  # [K]
    low: Doubles  # [K]
    high: Doubles  # [K]


def time_to_threshold(x: Doubles, y: Doubles, threshold: float) -> Doubles:
    """First x at which y >= threshold, NaN where never: x [K] or as y [..., K] -> [...]. A NaN in y reaches nothing."""
    reached = np.asarray(y) >= threshold
    first = reached.argmax(axis=-1)[..., None]
    at = np.take_along_axis(np.broadcast_to(np.asarray(x, np.float64), reached.shape), first, axis=-1)[..., 0]
    return np.where(reached.any(axis=-1), at, np.nan)


def performance_profile(scores: Doubles, taus: Doubles) -> Doubles:
    """Run-score distribution F(tau) = fraction of all runs with score > tau: [seeds, tasks], [K] -> [K].

    Agarwal et al. 2021, section 4.2; rliable's create_performance_profile with use_score_distribution=True.
    """
    return _seed_profiles(scores, taus).mean(axis=0)


def profile_band(scores: Doubles, taus: Doubles, rng: np.random.Generator, resamples: int = RESAMPLES) -> Band:
    """Pointwise percentile interval of `performance_profile`, resampling whole seeds; NaN under two."""
    if len(scores) < 2:
        return Band(np.full(len(taus), np.nan), np.full(len(taus), np.nan))
    low, high = np.quantile(_weights(len(scores), rng, resamples) @ _seed_profiles(scores, taus), TAILS, axis=0)
    return Band(low, high)


def probability_of_improvement(b: Doubles, a: Doubles) -> float:
    """Mean over tasks of P(B > A) + P(B = A) / 2: [seeds of B, tasks], [seeds of A, tasks].

    Agarwal et al. 2021, section 4.3; the seeds may differ in number, not the tasks.
    """
    return float(_wins(b, a).mean())


def improvement_interval(
    b: Doubles, a: Doubles, seed: int, resamples: int = RESAMPLES, paired: bool = True
) -> Interval:
    """Percentile interval of `probability_of_improvement`, resampling whole seeds; NaN under two of either.

    Paired: B and A ran on the same seeds, in this order, and are resampled together; else each on its own. `seed` of the
    generator: as many seeds are drawn once for all intervals.
    """
    if paired and len(b) != len(a):
        raise ValueError(f"pairs need as many B as A: {len(b)} and {len(a)}")
    if min(len(b), len(a)) < 2:
        return Interval(float("nan"), float("nan"))
    weights = _drawn_weights((len(b),) if paired else (len(b), len(a)), seed, resamples)
    weights_b, weights_a = weights[0], weights[-1]
    low, high = np.quantile((weights_b @ _wins(b, a) * weights_a).sum(axis=1), TAILS).tolist()
    return Interval(low, high)


def iqm_curve(scores: Doubles, rng: np.random.Generator, resamples: int = RESAMPLES) -> IqmCurve:
    """IQM at each checkpoint and its interval: [K, seeds, tasks] -> [K] each (Agarwal et al. 2021).

    One draw of seeds serves all checkpoints, since a seed is a whole curve; NaN bounds under two seeds.
    """
    centre, seeds = np.asarray(iqm(scores, axis=1)), scores.shape[1]
    if seeds < 2:
        return IqmCurve(centre, np.full(len(scores), np.nan), np.full(len(scores), np.nan))
    drawn = rng.integers(seeds, size=(resamples, seeds))
    values = np.stack([resampled_iqm(checkpoint, drawn) for checkpoint in scores])  # [K, resamples]
    low, high = np.quantile(values, TAILS, axis=1)
    return IqmCurve(centre, low, high)


def _seed_profiles(scores: Doubles, taus: Doubles) -> Doubles:
    """Each seed's fraction of tasks above each tau: [seeds, K]."""
    above: Doubles = (np.asarray(scores)[..., None] > np.asarray(taus)).mean(axis=1)
    return above


def _weights(seeds: int, rng: np.random.Generator, resamples: int) -> Doubles:
    """How often each seed is drawn when `seeds` are drawn with replacement, as a fraction: [resamples, seeds]."""
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds


@lru_cache(maxsize=4)
def _drawn_weights(sizes: tuple[int, ...], seed: int, resamples: int) -> tuple[Doubles, ...]:
    """_weights of so many seeds, one after another from one generator."""
    rng = np.random.default_rng(seed)
    return tuple(_weights(seeds, rng, resamples) for seeds in sizes)


def _wins(b: Doubles, a: Doubles) -> Doubles:
    """Mean over tasks of [b_i > a_j] + [b_i = a_j] / 2 for every pair of seeds: [seeds of B, seeds of A]."""
    if b.shape[1] != a.shape[1]:
        raise ValueError(f"B has {b.shape[1]} tasks and A {a.shape[1]}")
    left, right = b[:, None], a[None]
    wins: Doubles = ((left > right) + 0.5 * (left == right)).mean(axis=-1)
    return wins

"""Agreement of two rankings: Kendall's tau, with an interval over seeds and what a repeat of one ranking would reach."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.statistics.tests import LEVEL
from envs.api import Doubles

RESAMPLES = 2_000
SPLITS = 200  # of seeds into halves


class Agreement(NamedTuple):
    """Kendall's tau of two rankings, and its percentile interval over seeds."""

    tau: float
    low: float
    high: float


def tau(a: Doubles, b: Doubles) -> Doubles:
    """Kendall's tau-b [...] of the scores a, b [..., V] of V variants: (concordant - discordant) over their geometric mean.

        tau = sum sign(a_i - a_j) sign(b_i - b_j) / sqrt(sum sign(a_i - a_j)^2 sum sign(b_i - b_j)^2),    i < j

    NaN where all scores of one side are equal. Source: Kendall (1945), The treatment of ties in ranking problems.
    """
    i, j = np.triu_indices(np.shape(a)[-1], 1)
    of_a, of_b = (np.sign(x[..., i] - x[..., j]) for x in (np.asarray(a), np.asarray(b)))
    ordered = np.sqrt((of_a**2).sum(-1) * (of_b**2).sum(-1))
    with np.errstate(invalid="ignore"):
        found: Doubles = (of_a * of_b).sum(-1) / ordered
    return found


def agreement(a: Doubles, b: Doubles, rng: np.random.Generator, resamples: int = RESAMPLES) -> Agreement:
    """tau of the mean scores of V variants, a [S, V] and b [S, V] by seed.

    Seeds are resampled together on both sides. A resample is noisier than the seeds, so the interval leans to lower tau.
    """
    drawn = rng.integers(len(a), size=(resamples, len(a)))
    resampled = tau(a[drawn].mean(1), b[drawn].mean(1))
    low, high = np.nanquantile(resampled, [LEVEL / 2, 1 - LEVEL / 2])
    return Agreement(float(tau(a.mean(0), b.mean(0))), float(low), float(high))


def repeat_agreement(a: Doubles, rng: np.random.Generator, splits: int = SPLITS) -> float:
    """Mean tau of the scores a [S, V] between halves of the seeds: what a repeat on half as many seeds would reach.

    NaN with fewer than 2 seeds.
    """
    half = len(a) // 2
    if not half:
        return float("nan")
    order = rng.permuted(np.tile(np.arange(len(a)), (splits, 1)), axis=1)
    first, second = (a[order[:, part]].mean(1) for part in (slice(half), slice(half, 2 * half)))
    return float(np.nanmean(tau(first, second)))

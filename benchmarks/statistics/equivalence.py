"""Tests that B is as good as A: equivalence (TOST), and non-inferiority, which is one half of it.

No p here is below that of a permutation test of as many runs: 1 / 2^n of n pairs, 1 / C(n_b + n_a, n_a) of two samples.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from benchmarks.statistics.intervals import NAN, Doubles, moments
from benchmarks.statistics.tests import LEVEL, smallest_unpaired_p, welch


def _equivalence(difference: float, error: float, df: float, margin: float, least_p: float) -> float:
    """The larger p of two one-sided t tests: difference > -margin, difference < margin (Schuirmann 1987)."""
    if not margin > 0:
        raise ValueError(f"margin must be > 0, not {margin}")
    inside = margin - abs(difference)  # the nearer side has the larger p
    if np.isnan(error):
        return 1.0
    p = float(inside <= 0) if error == 0 else float(scipy.stats.t.sf(inside / error, df))
    return max(p, least_p)


def tost(differences: Doubles, margin: float) -> float:
    """p of "the mean difference lies beyond +-margin": small means equivalent. Paired t tests; 1 under two pairs."""
    centre, variance = moments(differences)
    n = len(differences)
    return _equivalence(centre, float(np.sqrt(variance / n)), n - 1, margin, 0.5**n)


def tost_unpaired(b: Doubles, a: Doubles, margin: float) -> float:
    """As `tost`, of two samples of their own by Welch's t tests; 1 where one has fewer than two values."""
    return _equivalence(*welch(b, a), margin, smallest_unpaired_p(len(b), len(a)))


class Equivalence(NamedTuple):
    """b against a, runs of their own each.

    low_90, high_90  90 % interval of the difference by Welch: inside +-margin where p < .05
    p                of "the difference is as large as the margin" (Schuirmann 1987)
    """

    difference: float
    margin: float
    low_90: float
    high_90: float
    p: float


def pooled_deviation(b: Doubles, a: Doubles) -> float:
    """sqrt(((n_b - 1) s_b^2 + (n_a - 1) s_a^2) / (n_b + n_a - 2)); NaN where one has fewer than two values."""
    freedom = np.array([len(b) - 1, len(a) - 1])
    if freedom.min() < 1:
        return NAN
    return float(np.sqrt(freedom @ np.array([moments(b)[1], moments(a)[1]]) / freedom.sum()))


def equivalence(b: Doubles, a: Doubles, deviations: float = 1.0) -> Equivalence:
    """Test b against a with a margin of so many pooled standard deviations of these runs; NaN where nothing varies."""
    margin = deviations * pooled_deviation(b, a)
    difference, error, df = welch(b, a)
    if not margin > 0:
        return Equivalence(difference, margin, NAN, NAN, NAN)
    half = float(scipy.stats.t.ppf(1 - LEVEL, df)) * error
    return Equivalence(difference, margin, difference - half, difference + half, tost_unpaired(b, a, margin))


def noninferiority(b: Doubles, a: Doubles, margin: float, paired: bool) -> float:
    """p of H0: mean(b) - mean(a) <= -margin, one half of TOST: t = (difference + margin) / error, upper tail.

    paired   b and a [n] are of the same seeds: n - 1 degrees of freedom; else Welch's error and degrees of freedom
    Without variance no t test exists. If the difference is above -margin the sign test of the pairs gives 1 / 2^n, and the
    rank test of two samples 1 / C(n_a + n_b, n_a); otherwise 1. 1 also for fewer than two values.
    """
    if min(len(a), len(b)) < 2:
        return 1.0
    if paired:
        difference, variance = moments(b - a)
        error, df = float(np.sqrt(variance / len(b))), float(len(b) - 1)
    else:
        difference, error, df = welch(b, a)
    if error > 0:
        return float(scipy.stats.t.sf((difference + margin) / error, df))
    if difference <= -margin:
        return 1.0
    return 0.5 ** len(b) if paired else smallest_unpaired_p(len(b), len(a))

"""Statistics of scores over seeds: pure functions on arrays, explicit generators, formulas and sources in each docstring.

Scores of a suite are a matrix [seeds, tasks]: a row is one seed on all its tasks, and rows are what is resampled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as sps
from scipy.optimize import brentq

Doubles = NDArray[np.float64]
RESAMPLES = 10_000


class Interval(NamedTuple):
    """low..high at the stated confidence; NaN where there are too few values."""

    low: float
    high: float


class Comparison(NamedTuple):
    """B against A on the same seeds."""

    difference: float  # mean of B - A
    interval: Interval  # of that mean, 95 %
    p: float  # two-sided, exact sign-flip
    a12: float  # P(B > A) + P(B = A) / 2 over all pairs of runs
    n: int
    detectable: float  # smallest true difference that these seeds would show with probability .8


def iqm(x: Doubles) -> float:
    """Interquartile mean: the mean without the lowest and highest quarter (Agarwal et al. 2021; scipy.stats.trim_mean)."""
    return float(sps.trim_mean(x, 0.25, axis=None))


def t_interval(x: Doubles, confidence: float = 0.95) -> Interval:
    """mean +- t_{n-1} s / sqrt(n)."""
    n = len(x)
    if n < 2:
        return Interval(float("nan"), float("nan"))
    half = float(sps.t.ppf((1 + confidence) / 2, n - 1) * x.std(ddof=1) / np.sqrt(n))
    return Interval(float(x.mean()) - half, float(x.mean()) + half)


def bootstrap_iqm(scores: Doubles, rng: np.random.Generator, resamples: int = RESAMPLES) -> Interval:
    """Percentile interval of the IQM of [seeds, tasks], resampling whole seeds.

    One index a seed for all its tasks: tasks of one seed share randomness, so resampling each (seed, task) alone would
    count the same luck several times.
    """
    seeds = len(scores)
    if seeds < 2:
        return Interval(float("nan"), float("nan"))
    drawn = scores[rng.integers(seeds, size=(resamples, seeds))].reshape(resamples, -1)
    values = sps.trim_mean(drawn, 0.25, axis=1)
    low, high = np.quantile(values, [0.025, 0.975]).tolist()
    return Interval(low, high)


def sign_flip_p(differences: Doubles, rng: np.random.Generator) -> float:
    """Two-sided p of paired differences under random signs (scipy.stats.permutation_test, "samples").

    Exact up to 13 pairs (2^n flips, at most 9,999 are drawn otherwise); the smallest possible value is 2 / 2^n.
    """
    if len(differences) < 2 or not np.any(differences):
        return 1.0
    result = sps.permutation_test(
        (differences,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9_999,
        rng=rng,
    )
    return min(1.0, float(np.asarray(result.pvalue)))


def a12(b: Doubles, a: Doubles) -> float:
    """P(b > a) + P(b = a) / 2 over all pairs (Vargha and Delaney 2000, equation 2); 1/2 is no difference."""
    wins = (b[:, None] > a[None, :]).mean() + 0.5 * (b[:, None] == a[None, :]).mean()
    return float(wins)


def detectable(spread: float, n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest mean difference that a paired t test of n seeds shows with probability `power`.

    Solves power = P(|T| > t_crit), T noncentral t with n - 1 degrees of freedom and shift d sqrt(n) / spread
    (scipy.stats.nct), for d.
    """
    if n < 3 or not np.isfinite(spread) or spread == 0:  # one degree of freedom shows nothing
        return float("nan") if n < 3 else 0.0
    critical = float(sps.t.ppf(1 - alpha / 2, n - 1))

    def missing(shift: float) -> float:
        return float(sps.nct.sf(critical, n - 1, shift) + sps.nct.cdf(-critical, n - 1, shift)) - power

    # in units of spread / sqrt(n): power is below .8 at 0 and above it at twice the critical value
    return float(brentq(missing, 0.0, 2 * critical) * spread / np.sqrt(n))


def compare_paired(b: Doubles, a: Doubles, rng: np.random.Generator) -> Comparison:
    """B against A, one value a seed each, in the same order of seeds."""
    d = b - a
    spread = float(d.std(ddof=1)) if len(d) > 1 else float("nan")
    return Comparison(
        float(d.mean()), t_interval(d), sign_flip_p(d, rng), a12(b, a), len(d), detectable(spread, len(d))
    )


def holm(p: Doubles) -> Doubles:
    """Holm's step-down adjustment: p_(i) (m - i + 1), made monotone, at most 1 (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n paired seeds can give: 2 / 2^n."""
    return 2.0 / 2.0**n

"""How many seeds are enough: power of a t test, the difference it can show, and tests that two variants are equal.

A t test believes in normal scores, so two equal scores would make it certain. No p value here is below that of a permutation
test of as many runs, which believes in nothing: 1 / 2^n of n pairs, 1 / C(n_b + n_a, n_a) of two samples, one-sided.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy import stats as sps
from scipy.optimize import brentq

Doubles = NDArray[np.float64]
MOST_SEEDS = 10_000


def moments(x: Doubles) -> tuple[float, float]:
    """Mean and variance (ddof 1) of [n]: exactly 0 for a constant, whose mean rounds; NaN variance under two values."""
    if len(x) < 2:
        return float(np.mean(x)), float("nan")
    if x.min() == x.max():
        return float(x[0]), 0.0
    return float(x.mean()), float(x.var(ddof=1))


def welch(b: Doubles, a: Doubles) -> tuple[float, float, float]:
    """Difference of means, its standard error and the degrees of freedom of Welch and Satterthwaite.

    se^2 = v_b + v_a with v = s^2 / n; df = se^4 / (v_b^2 / (n_b - 1) + v_a^2 / (n_a - 1)) (Welch 1947). df is NaN where
    both are constant or one has fewer than two values.
    """
    (mean_b, var_b), (mean_a, var_a) = moments(b), moments(a)
    v_b, v_a = var_b / len(b), var_a / len(a)
    total = v_b + v_a
    if not total > 0:
        return mean_b - mean_a, float(np.sqrt(total)), float("nan")
    # shares of the variance rather than its squares, which underflow for tiny scores
    df = 1 / ((v_b / total) ** 2 / (len(b) - 1) + (v_a / total) ** 2 / (len(a) - 1))
    return mean_b - mean_a, float(np.sqrt(total)), df


def smallest_unpaired_p(n_b: int, n_a: int) -> float:
    """The smallest one-sided p of a permutation test of two samples: 1 / C(n_b + n_a, n_a)."""
    return 1.0 / comb(n_b + n_a, n_a)


def _beyond(critical: float, shift: float, df: float) -> float:
    """P(|T| > critical) of T noncentral t (scipy.stats.nct) with `df` degrees of freedom and `shift` >= 0.

    Where scipy's far tail is NaN it is below the rounding of 1.
    """
    near = float(sps.nct.sf(critical, df, shift))
    far = float(sps.nct.cdf(-critical, df, shift))
    return near if np.isnan(far) else near + far


def _rejects(shift: float, df: float, alpha: float) -> float:
    """Power of a two-sided t test at level alpha."""
    return _beyond(float(sps.t.ppf(1 - alpha / 2, df)), shift, df)


@cache  # all pairs of a report have the same critical value
def shift_beyond(critical: float, df: float, power: float = 0.8) -> float:
    """The true difference, in standard errors, whose |t| exceeds `critical` with probability `power`.

    NaN under two degrees of freedom, which show nothing, and where nothing exceeds it.
    """
    if not (df >= 2 and np.isfinite(critical)):
        return float("nan")
    high = 2 * critical
    while _beyond(critical, high, df) < power:
        high *= 2
    return float(brentq(lambda shift: _beyond(critical, shift, df) - power, 0.0, high))


def detectable_shift(df: float, alpha: float, power: float = 0.8) -> float:
    """The same of a two-sided t test at level alpha < power."""
    return shift_beyond(float(sps.t.ppf(1 - alpha / 2, df)), df, power) if df >= 2 else float("nan")


def power(difference: float, spread: float, n: int, alpha: float = 0.05) -> float:
    """P(a two-sided paired t test of n seeds shows a true mean difference), normal differences of that spread.

    Without spread any difference is shown and none is not; NaN under two seeds.
    """
    if n < 2:
        return float("nan")
    if spread == 0:
        return float(difference != 0)
    return _rejects(abs(difference) * float(np.sqrt(n)) / spread, n - 1, alpha)


def seeds_needed(difference: float, spread: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """The smallest n whose paired t test has that power; 10,000 means that many or more.

    A sign-flip test needs 2 / 2^n <= alpha besides: six seeds at .05, however large the difference.
    """
    if spread == 0:
        return 2 if difference else MOST_SEEDS

    def enough(n: int) -> bool:
        return _rejects(abs(difference) * float(np.sqrt(n)) / spread, n - 1, alpha) >= power

    high = 2  # doubled before bisecting: scipy's nct is slow far from where the answer lies
    while high < MOST_SEEDS and not enough(high):
        high = min(2 * high, MOST_SEEDS)
    return bisect_left(range(high), True, lo=2, key=enough)


def _equivalence(difference: float, error: float, df: float, margin: float, least: float) -> float:
    """The larger p of two one-sided t tests: difference > -margin, difference < margin (Schuirmann 1987)."""
    if not margin > 0:
        raise ValueError(f"margin must be > 0, not {margin}")
    inside = margin - abs(difference)  # the nearer side has the larger p
    if np.isnan(error):
        return 1.0
    p = float(inside <= 0) if error == 0 else float(sps.t.sf(inside / error, df))
    return max(p, least)


def tost(differences: Doubles, margin: float) -> float:
    """p of "the mean difference lies beyond +-margin": small means equivalent. Paired t tests; 1 under two pairs."""
    centre, variance = moments(differences)
    n = len(differences)
    return _equivalence(centre, float(np.sqrt(variance / n)), n - 1, margin, 0.5**n)


def tost_unpaired(b: Doubles, a: Doubles, margin: float) -> float:
    """As `tost`, of two samples of their own by Welch's t tests; 1 where one has fewer than two values."""
    return _equivalence(*welch(b, a), margin, smallest_unpaired_p(len(b), len(a)))

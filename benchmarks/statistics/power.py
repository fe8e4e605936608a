"""Which true difference a t test shows, from the noncentral t distribution."""

from __future__ import annotations

from functools import cache

import numpy as np
import scipy


def _beyond(critical: float, shift: float, df: float) -> float:
    """P(|T| > critical) of T noncentral t (scipy.stats.nct) with `df` degrees of freedom and `shift` >= 0.

    Where scipy's far tail is NaN it is below the rounding of 1.
    """
    near = float(scipy.stats.nct.sf(critical, df, shift))
    far = float(scipy.stats.nct.cdf(-critical, df, shift))
    return near if np.isnan(far) else near + far


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
    return float(scipy.optimize.brentq(lambda shift: _beyond(critical, shift, df) - power, 0.0, high))


def detectable_shift(df: float, alpha: float, power: float = 0.8) -> float:
    """The true difference, in standard errors, that a two-sided t test at level alpha < power shows: `shift_beyond`."""
    return shift_beyond(float(scipy.stats.t.ppf(1 - alpha / 2, df)), df, power) if df >= 2 else float("nan")

"""Equivalence of two groups of runs: two one-sided tests within a margin of their pooled standard deviation.

The margin is the runs' own standard deviation, so it is estimated from the data that are tested.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats as sps

from benchmarks.pairs import LEVEL
from benchmarks.power import moments, tost_unpaired, welch
from benchmarks.stats import Doubles

NAN = float("nan")


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
    """Within a margin of so many pooled standard deviations; NaN where there are none to speak of."""
    margin = deviations * pooled_deviation(b, a)
    difference, error, df = welch(b, a)
    if not margin > 0:
        return Equivalence(difference, margin, NAN, NAN, NAN)
    half = float(sps.t.ppf(1 - LEVEL, df)) * error
    return Equivalence(difference, margin, difference - half, difference + half, tost_unpaired(b, a, margin))

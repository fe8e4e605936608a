"""B against A, one value a seed each: sign flips where seeds are paired, Welch's t test where not, Holm's correction.

A t test assumes normal scores, so two equal scores would give p = 0. No p here is below the smallest one of a
permutation test of as many runs, which assumes no distribution: 2 / 2^n of n pairs, 2 / C(n_b + n_a, n_a) of two samples,
two-sided.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import NamedTuple

import numpy as np
import scipy

from benchmarks.statistics.intervals import NAN, Doubles, Interval, moments, t_interval
from benchmarks.statistics.power import detectable_shift
from benchmarks.statistics.sign_flips import sign_flip_each, sign_flip_shift, smallest_p

LEVEL = 0.05  # of every family of tests


class Comparison(NamedTuple):
    """B against A, one value a seed each; and, where it is one of a family, what the correction makes of its p."""

    difference: float  # mean of B - mean of A
    interval: Interval  # of that difference alone, 95 %
    p: float  # two-sided, not corrected: exact sign-flip of pairs, Welch's t unpaired
    a12: float  # P(B > A) + P(B = A) / 2 over all pairs of runs
    n: int  # seeds; the fewer of the two where unpaired
    paired: bool
    mean_b: float
    mean_a: float
    error: float  # standard error of the difference; NaN where a side has one value
    df: float  # its degrees of freedom; NaN where nothing varies
    least_p: float  # the smallest p that so many runs can give
    p_corrected: float = NAN
    family_size: int = 1  # comparisons that are corrected together
    tasks: int = 1  # each value is a seed's mean over so many tasks
    returns: bool = False  # whether values are raw returns, not normalised scores

    @property
    def shown(self) -> bool:
        """Whether the corrected test shows a difference; False before a correction."""
        return self.p_corrected < LEVEL

    def detectable(self, comparisons: int | None = None, level: float = LEVEL) -> float:
        """The true difference that is shown with probability .8, if its spread is the observed.

        comparisons  that are corrected together; by default `family_size`
        Each is tested at level / comparisons, which Holm's correction guarantees to every one of them; where others are
        shown it leaves more, so the probability is .8 or more. NaN where nothing can be shown or nothing varies.
        """
        share = level / (self.family_size if comparisons is None else comparisons)
        if not (self.error > 0 and self.least_p < share):
            return NAN
        shift = sign_flip_shift(self.n, share) if self.paired else detectable_shift(self.df, share)
        return shift * self.error


def a12(b: Doubles, a: Doubles) -> float:
    """P(b > a) + P(b = a) / 2 over all pairs (Vargha and Delaney 2000, equation 2); 1/2 is no difference."""
    return float((b[:, None] > a).mean() + 0.5 * (b[:, None] == a).mean())


def rounded_differences(b: Doubles, a: Doubles) -> Doubles:
    """b - a, and 0 where they differ by rounding: equal scores must not become small differences of one sign."""
    d = b - a
    return np.where(np.abs(d) <= 1e-12 * np.maximum(np.abs(b), np.abs(a)), 0.0, d)


def compare_paired(b: Doubles, a: Doubles, rng: np.random.Generator | None = None) -> Comparison:
    """B against A, one value a seed each, in the same order of seeds; ValueError where their numbers differ."""
    return compare_each_paired([(b, a)], rng)[0]


def compare_each_paired(
    pairs: Sequence[tuple[Doubles, Doubles]], rng: np.random.Generator | None = None
) -> list[Comparison]:
    """compare_paired of each (B, A), tested together: nothing is corrected."""
    for b, a in pairs:
        if len(b) != len(a):
            raise ValueError(f"pairs need as many B as A: {len(b)} and {len(a)}")
    differences = [rounded_differences(b, a) for b, a in pairs]
    p = sign_flip_each(differences, rng).tolist()
    return [_paired(*pair, *test) for pair, *test in zip(pairs, differences, p, strict=True)]


def _paired(b: Doubles, a: Doubles, d: Doubles, p: float) -> Comparison:
    n, error = len(d), float(np.sqrt(moments(d)[1] / len(d)))
    means, least_p = (float(b.mean()), float(a.mean())), min(1.0, smallest_p(n))
    return Comparison(float(d.mean()), t_interval(d), p, a12(b, a), n, True, *means, error, float(n - 1), least_p)


def welch(b: Doubles, a: Doubles) -> tuple[float, float, float]:
    """Difference of means, its standard error and the degrees of freedom of Welch and Satterthwaite.

    se^2 = v_b + v_a with v = s^2 / n; df = se^4 / (v_b^2 / (n_b - 1) + v_a^2 / (n_a - 1)) (Welch 1947). df is NaN where
    both are constant or one has fewer than two values.
    """
    (mean_b, var_b), (mean_a, var_a) = moments(b), moments(a)
    v_b, v_a = var_b / len(b), var_a / len(a)
    total = v_b + v_a
    if not total > 0:
        return mean_b - mean_a, float(np.sqrt(total)), NAN
    # shares of the variance rather than its squares, which underflow for tiny scores
    df = 1 / ((v_b / total) ** 2 / (len(b) - 1) + (v_a / total) ** 2 / (len(a) - 1))
    return mean_b - mean_a, float(np.sqrt(total)), df


def smallest_unpaired_p(n_b: int, n_a: int) -> float:
    """The smallest one-sided p of a permutation test of two samples: 1 / C(n_b + n_a, n_a)."""
    return 1.0 / comb(n_b + n_a, n_a)


def compare_unpaired(b: Doubles, a: Doubles) -> Comparison:
    """B against A on seeds of their own: Welch's t test and interval (scipy.stats.ttest_ind, equal_var=False).

    p is never below 2 / C(n_b + n_a, n_a), what a permutation test could give: two runs a side show nothing, however equal
    their scores. Two constant samples: an interval without width, p = 1 where equal and that least one where not. Fewer
    than two values on a side: NaN, p = 1.
    """
    d, error, df = welch(b, a)
    n, effect, means = min(len(b), len(a)), a12(b, a), (float(b.mean()), float(a.mean()))
    if n < 2:
        return Comparison(d, Interval(NAN, NAN), 1.0, effect, n, False, *means, NAN, NAN, 1.0)
    least_p = 2 * smallest_unpaired_p(len(b), len(a))
    if error == 0:
        p = least_p if d else 1.0
        return Comparison(d, Interval(d, d), p, effect, n, False, *means, 0.0, NAN, least_p)
    p, half = max(2 * float(scipy.stats.t.sf(abs(d) / error, df)), least_p), float(scipy.stats.t.ppf(0.975, df)) * error
    return Comparison(d, Interval(d - half, d + half), p, effect, n, False, *means, error, df, least_p)


def holm(p: Doubles) -> Doubles:
    """Holm's step-down adjustment: p_(i) (m - i + 1), made monotone, at most 1 (Holm 1979); NaN stay and are not in m."""
    valid = np.flatnonzero(~np.isnan(p))
    order = valid[np.argsort(p[valid], kind="stable")]
    scaled = p[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted

"""Sign-flip tests of paired differences: one comparison (exact), all pairs of variants at once, and what each can detect.

Under the null hypothesis a pair of runs that share a seed differs by +d as likely as by -d (Fisher 1935), whatever the
distribution of scores. Nothing else is assumed of one comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from benchmarks.statistics.intervals import Doubles
from benchmarks.statistics.power import detectable_shift

Alternative = Literal["two-sided", "less", "greater"]
EXACT_PAIRS = 40  # 2^20 sums a half: 8 MiB, a fifteenth of a second
EXACT_FLIPS_SEEDS = 14  # seeds up to which the joint test lists all 2^(n - 1) flips; above, as many are drawn
SIMULATED_SEEDS = 20  # seeds up to which the power is simulated; above, the t test's is at most .02 away (tested)
DRAWS = 2_000  # of the simulation: the standard error of a power of .8 is .009
ROUNDING = 100 * np.finfo(float).eps  # equal sums come out unequal in their last digits
SAMPLED = 99_999  # flips that are drawn where there are too many to list
AT_ONCE = 10_000  # of them
BLOCK = 256  # comparisons whose flipped sums are held at once


def _signed_sums(d: Doubles) -> Doubles:
    """All 2^n sums of +-d along the last axis, [..., n] -> [..., 2^n]."""
    sums = np.zeros((*d.shape[:-1], 1))
    for i in range(d.shape[-1]):
        value = d[..., i, None]
        sums = np.concatenate([sums - value, sums + value], axis=-1)
    return sums


def _tail(first: Doubles, second: Doubles, reached: float) -> float:
    """Share of the sums of one of `first` and one of `second` (sorted) that are at least `reached`."""
    below = np.searchsorted(second, reached - first, side="left")
    return float(np.sum(len(second) - below)) / (len(first) * len(second))


@lru_cache(maxsize=2)
def _drawn_bits(n: int) -> NDArray[np.uint8]:
    """Bits [SAMPLED, ceil(n / 8)] of random signs, packed: the same for all comparisons of n pairs."""
    return _draw_bits(n, np.random.default_rng(0))


def _draw_bits(n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(256, size=(SAMPLED, -(-n // 8)), dtype=np.uint8)


def _sampled_p(differences: Doubles, rng: np.random.Generator | None, alternative: Alternative) -> Doubles:
    """(1 + flips that reach the observed sum) / (1 + SAMPLED) of each row [C, n] (Phipson and Smyth 2010).

    The flips are the same for all rows, so that their sums are one product of matrices.
    """
    n = differences.shape[1]
    bits = _drawn_bits(n) if rng is None else _draw_bits(n, rng)
    d = differences if alternative != "less" else -differences
    total = d.sum(axis=1)
    least = (np.abs(total) if alternative == "two-sided" else total) - ROUNDING * np.abs(d).sum(axis=1)
    reached = np.ones(len(d), np.int64)
    for i in range(0, SAMPLED, AT_ONCE):
        kept = np.unpackbits(bits[i : i + AT_ONCE], axis=1, count=n).astype(np.float64)  # 1: it keeps its sign
        for j in range(0, len(d), BLOCK):
            rows = slice(j, j + BLOCK)
            sums = kept @ (2 * d[rows].T) - total[rows]
            if alternative == "two-sided":
                np.abs(sums, out=sums)
            reached[rows] += np.count_nonzero(sums >= least[rows], axis=0)
    return reached / (1 + SAMPLED)


def _exact_p(d: Doubles, alternative: Alternative) -> float:
    """Both halves' sums are sorted: bisection of sorted values stays within the processor's cache."""
    observed = {"two-sided": abs(d.sum()), "less": -d.sum(), "greater": d.sum()}[alternative]
    first, second = (np.sort(_signed_sums(half)) for half in np.split(d, [len(d) // 2]))
    tail = _tail(first, second, observed - ROUNDING * np.abs(d).sum())
    return min(1.0, 2 * tail) if alternative == "two-sided" else tail  # the sums are symmetric about 0


def sign_flip_p(
    differences: Doubles, rng: np.random.Generator | None = None, alternative: Alternative = "two-sided"
) -> float:
    """p of paired differences under random signs (scipy.stats.permutation_test, "samples"); at least 1 / 2^n.

    Exact up to 40 pairs by meeting in the middle: the 2^n signed sums are the pairs of 2^(n/2) sums of each half, and those
    that reach the observed sum are counted by bisection (Horowitz and Sahni 1974; exact tests without listing the flips:
    Pagano and Tritchler 1983). Above, 99,999 flips from `rng` (by default a fixed one). Zeros are flipped too. 1 for fewer
    than two pairs or zeros alone, NaN where a difference is NaN.
    """
    return float(sign_flip_each([differences], rng, alternative)[0])


def sign_flip_each(
    differences: Sequence[Doubles], rng: np.random.Generator | None = None, alternative: Alternative = "two-sided"
) -> Doubles:
    """sign_flip_p of each; those of equally many pairs above 40 share their flips, which takes a twentieth of the time."""
    each = [np.asarray(d, np.float64) for d in differences]
    p, sampled = np.ones(len(each)), dict[int, list[int]]()
    for i, d in enumerate(each):
        if np.isnan(d).any():
            p[i] = np.nan
        elif len(d) < 2 or not d.any():
            continue
        elif len(d) > EXACT_PAIRS:
            sampled.setdefault(len(d), []).append(i)
        else:
            p[i] = _exact_p(d, alternative)
    for indices in sampled.values():
        p[indices] = _sampled_p(np.array([each[i] for i in indices]), rng, alternative)
    return p


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n paired seeds can give: 2 / 2^n."""
    return 2.0 / 2.0**n


@cache
def sign_flip_shift(n: int, level: float) -> float:
    """The true mean difference, in standard errors, that the two-sided test of n seeds detects with probability .8.

    Simulated: the exact test of DRAWS samples of n standard normals, moved by one shift after another until .8 of them
    have p < level (a step of the probit of the power each). NaN where no sample can (2 / 2^n >= level).
    """
    if not smallest_p(n) < level:
        return float("nan")
    shift = detectable_shift(n - 1, level)
    if n > SIMULATED_SEEDS:
        return shift
    noise = np.random.default_rng(0).normal(size=(DRAWS, n))
    for _ in range(6):
        moved = noise + shift / np.sqrt(n)
        first, second = _signed_sums(moved[:, : n // 2]), np.sort(_signed_sums(moved[:, n // 2 :]), axis=1)
        tails = np.array([_tail(f, s, x) for f, s, x in zip(first, second, moved.sum(axis=1) - 1e-9, strict=True)])
        rate = np.clip(np.mean(2 * tails < level), 0.01, 0.99)
        step = float(scipy.stats.norm.ppf(0.8) - scipy.stats.norm.ppf(rate))
        shift += step
        if abs(step) < 0.01:  # .003 of the power
            break
    return shift


@cache
def flips(n: int) -> Doubles:
    """Signs [F, n], no flip first: all up to a common sign, or 2^13 - 1 from a fixed generator besides the first."""
    if n <= EXACT_FLIPS_SEEDS:
        bits = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1
        return 1.0 - 2.0 * bits.astype(np.float64)
    drawn = np.random.default_rng(0).choice([-1.0, 1.0], size=(2 ** (EXACT_FLIPS_SEEDS - 1) - 1, n))
    return np.vstack([np.ones(n), drawn])


class Joint(NamedTuple):
    """C comparisons that were tested together.

    p         [C] corrected for all of them (familywise)
    critical  what U must exceed for p < level; infinite where nothing can
    least     the smallest p that so many seeds can give: 2 / 2^n, or 1 / 2^13
    """

    p: Doubles
    critical: float
    least: float

    def critical_t(self, n: int) -> float:
        """`critical` for the t statistic of n differences: t^2 = (n - 1) U^2 / (n - U^2)."""
        left = n - self.critical**2
        return float(self.critical * np.sqrt((n - 1) / left)) if left > n * 1e-9 else float("inf")


def joint(differences: Doubles, level: float) -> Joint:
    """All comparisons at once, differences [n, C] of the same seeds; NaN where a comparison lacks a seed.

    U = |sum d| / sqrt(sum d^2) grows with the t statistic. The signs of a whole seed are flipped for all comparisons
    together, and p of a comparison is the share of flips whose largest U over all comparisons is at least its own (max T
    of Westfall and Young 1993, single step). The chance that any true null hypothesis has p < level is at most `level`
    where a seed's differences are jointly symmetric, whichever other hypotheses are false; for skewed scores it is
    simulated (tests/benchmarks/statistics/test_best.py). Correlated comparisons, such as all pairs of M variants, cost
    less than with Bonferroni or Holm.
    """
    d = np.nan_to_num(np.asarray(differences, np.float64), nan=0.0)
    n, count = d.shape
    norm = np.sqrt((d**2).sum(axis=0))
    scaled = d / np.where(norm > 0, norm, 1.0)
    signs = flips(n)
    largest = np.zeros(len(signs))
    for i in range(0, count, BLOCK):
        np.maximum(largest, np.abs(signs @ scaled[:, i : i + BLOCK]).max(axis=1, initial=0.0), out=largest)
    largest.sort()
    observed = np.abs(scaled.sum(axis=0))
    p = 1.0 - np.searchsorted(largest, observed * (1 - 1e-9), side="left") / len(signs)
    allowed = int(np.ceil(level * len(signs))) - 1  # flips that may be as extreme where p < level
    critical = float(largest[-1 - allowed]) if allowed > 0 else float("inf")
    return Joint(p, critical, 1.0 / len(signs))

"""Statistics of scores over seeds: pure functions on arrays, explicit generators, formulas and sources in each docstring.

Scores of a suite are a matrix [seeds, tasks]: a row is one seed on all its tasks, and rows are what is resampled.
Scores are finite: whoever calls decides what a failed run counts as, nothing is dropped here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as sps

from benchmarks.power import detectable as detectable
from benchmarks.power import detectable_shift, moments, welch

Doubles = NDArray[np.float64]
Statistic = Callable[[Doubles], Doubles]
Alternative = Literal["two-sided", "less", "greater"]
RESAMPLES = 10_000
EXACT_PAIRS = 40  # 2^20 sums a half: 8 MiB, a fifth of a second
CHUNK = 2**21  # resampled scores held at once, 16 MiB; a statistic makes a few copies
NAN = float("nan")


class Interval(NamedTuple):
    """low..high at the stated confidence; NaN where there are too few values."""

    low: float
    high: float


class Comparison(NamedTuple):
    """B against A, one value a seed each."""

    difference: float  # mean of B - mean of A
    interval: Interval  # of that difference, 95 %
    p: float  # two-sided: exact sign-flip of pairs, Welch's t unpaired
    a12: float  # P(B > A) + P(B = A) / 2 over all pairs of runs
    n: int  # seeds; the fewer of the two where unpaired
    detectable: float  # smallest true difference that these seeds would show with probability .8
    paired: bool
    mean_b: float
    mean_a: float


def _matrices(x: Doubles, axis: int | None) -> Doubles:
    """[..., seeds, tasks] of an array whose axes from `axis` on are one sample; a vector is one seed's tasks."""
    lead = max(np.ndim(x) - 2, 0) if axis is None else axis % np.ndim(x)
    shape = np.shape(x)
    return np.reshape(x, (*shape[:lead], -1, shape[-1]))


def mean(x: Doubles, *, axis: int | None = None) -> Any:
    """Mean over tasks of the mean over seeds. `axis` as in AGGREGATES."""
    return _matrices(x, axis).mean(axis=(-2, -1))


def median(x: Doubles, *, axis: int | None = None) -> Any:
    """Median over tasks of the mean over seeds (Agarwal et al. 2021, section 4). `axis` as in AGGREGATES."""
    return np.median(_matrices(x, axis).mean(axis=-2), axis=-1)


def iqm(x: Doubles, *, axis: int | None = None) -> Any:
    """Interquartile mean of all runs: without the lowest and highest quarter (Agarwal et al. 2021, section 4.3).

    scipy.stats.trim_mean(x, .25); two selections of one rank each are three times as fast as its one of two ranks.
    """
    runs = _matrices(x, axis)
    runs = runs.reshape(*runs.shape[:-2], -1)  # [..., seeds * tasks]
    cut = runs.shape[-1] // 4
    kept = runs.shape[-1] - 2 * cut
    if cut:
        runs = np.partition(runs, cut, axis=-1)[..., cut:]
        runs = np.partition(runs, kept - 1, axis=-1)[..., :kept]
    return runs.mean(axis=-1)


def optimality_gap(x: Doubles, target: float = 1.0, *, axis: int | None = None) -> Any:
    """Mean over all runs of max(target - x, 0) (Agarwal et al. 2021, section 4.3). `axis` as in AGGREGATES."""
    return np.maximum(target - _matrices(x, axis), 0.0).mean(axis=(-2, -1))


# [..., seeds, tasks] -> [...], a float of one matrix, as rliable defines them; `axis=k`: the axes from k on are one sample
AGGREGATES: dict[str, Callable[..., Any]] = {f.__name__: f for f in (mean, median, iqm, optimality_gap)}


def t_interval(x: Doubles, confidence: float = 0.95) -> Interval:
    """mean +- t_{n-1} s / sqrt(n)."""
    n = len(x)
    if n < 2:
        return Interval(NAN, NAN)
    half = float(sps.t.ppf((1 + confidence) / 2, n - 1) * x.std(ddof=1) / np.sqrt(n))
    return Interval(float(x.mean()) - half, float(x.mean()) + half)


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

    One index a seed for all its tasks: tasks of one seed share randomness, so resampling each (seed, task) alone would
    count the same luck several times. `statistic`: [resamples, seeds, tasks] -> [resamples].
    """
    seeds = len(scores)
    if seeds < 2:
        return Interval(NAN, NAN)
    values = over_resamples(scores, statistic, rng.integers(seeds, size=(resamples, seeds)))
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return Interval(low, high)


def bootstrap_iqm(scores: Doubles, rng: np.random.Generator, resamples: int = RESAMPLES) -> Interval:
    """Percentile interval of the IQM of [seeds, tasks], clustered by seed."""
    return bootstrap(scores, iqm, rng, resamples)


def _signed_sums(d: Doubles) -> Doubles:
    """All 2^n sums of +-d, sorted."""
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums - value, sums + value])
    return np.sort(sums)


def _drawn_p(d: Doubles, rng: np.random.Generator, alternative: Alternative) -> float:
    options: dict[str, Any] = {"permutation_type": "samples", "n_resamples": 99_999, "batch": 10_000, "rng": rng}
    return float(sps.permutation_test((d,), np.mean, alternative=alternative, **options).pvalue)


def sign_flip_p(
    differences: Doubles, rng: np.random.Generator | None = None, alternative: Alternative = "two-sided"
) -> float:
    """p of paired differences under random signs (scipy.stats.permutation_test, "samples"); at least 1 / 2^n.

    Exact up to 40 pairs by meeting in the middle: the 2^n signed sums are the pairs of 2^(n/2) sums of each half, and those
    that reach the observed sum are counted by bisection (Horowitz and Sahni 1974; exact tests without listing the flips:
    Pagano and Tritchler 1983). Above, 99,999 flips from `rng` (by default a fixed one). Zeros are flipped too. 1 for fewer
    than two pairs or zeros alone, NaN where a difference is NaN.
    """
    d = np.asarray(differences, np.float64)
    if np.isnan(d).any():
        return NAN
    if len(d) < 2 or not d.any():
        return 1.0
    if len(d) > EXACT_PAIRS:
        return _drawn_p(d, np.random.default_rng(0) if rng is None else rng, alternative)
    observed = {"two-sided": abs(d.sum()), "less": -d.sum(), "greater": d.sum()}[alternative]
    first, second = _signed_sums(d[: len(d) // 2]), _signed_sums(d[len(d) // 2 :])
    # equal sums come out unequal in their last digits: of the size of what was added, not of what is left
    reached = observed - 100 * np.finfo(float).eps * np.abs(d).sum()
    below = np.searchsorted(second, reached - first, side="left")
    tail = float(np.sum(len(second) - below)) / 2.0 ** len(d)
    return min(1.0, 2 * tail) if alternative == "two-sided" else tail  # the sums are symmetric about 0


def a12(b: Doubles, a: Doubles) -> float:
    """P(b > a) + P(b = a) / 2 over all pairs (Vargha and Delaney 2000, equation 2); 1/2 is no difference."""
    return float((b[:, None] > a).mean() + 0.5 * (b[:, None] == a).mean())


def compare_paired(b: Doubles, a: Doubles, rng: np.random.Generator | None = None) -> Comparison:
    """B against A, one value a seed each, in the same order of seeds; ValueError where their numbers differ."""
    if len(b) != len(a):
        raise ValueError(f"pairs need as many B as A: {len(b)} and {len(a)}")
    d = b - a
    n, spread = len(d), float(np.sqrt(moments(d)[1]))
    p, least = sign_flip_p(d, rng), detectable(spread, n)
    return Comparison(float(d.mean()), t_interval(d), p, a12(b, a), n, least, True, float(b.mean()), float(a.mean()))


def compare_unpaired(b: Doubles, a: Doubles) -> Comparison:
    """B against A on seeds of their own: Welch's t test and interval (scipy.stats.ttest_ind, equal_var=False).

    Two constant samples: no width, p = 1 where equal and 0 where not. Fewer than two values on a side: NaN, p = 1.
    """
    d, error, df = welch(b, a)
    n, effect, means = min(len(b), len(a)), a12(b, a), (float(b.mean()), float(a.mean()))
    if n < 2:
        return Comparison(d, Interval(NAN, NAN), 1.0, effect, n, NAN, False, *means)
    if error == 0:
        return Comparison(d, Interval(d, d), float(d == 0), effect, n, 0.0, False, *means)
    p, half = 2 * float(sps.t.sf(abs(d) / error, df)), float(sps.t.ppf(0.975, df)) * error
    return Comparison(d, Interval(d - half, d + half), p, effect, n, detectable_shift(df) * error, False, *means)


def holm(p: Doubles) -> Doubles:
    """Holm's step-down adjustment: p_(i) (m - i + 1), made monotone, at most 1 (Holm 1979); NaN stay and are not in m."""
    valid = np.flatnonzero(~np.isnan(p))
    order = valid[np.argsort(p[valid], kind="stable")]
    scaled = p[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n paired seeds can give: 2 / 2^n."""
    return 2.0 / 2.0**n

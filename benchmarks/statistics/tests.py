"""Statistics of scores over seeds: pure functions on arrays, explicit generators, formulas and sources in each docstring.

Scores of a suite are a matrix [seeds, tasks]: a row is one seed on all its tasks, and rows are what is resampled.
Scores are finite: whoever calls decides what a failed run counts as, nothing is dropped here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as sps

from benchmarks.statistics.power import detectable_shift, moments, smallest_unpaired_p, welch
from benchmarks.statistics.sign_flips import Alternative as Alternative
from benchmarks.statistics.sign_flips import sign_flip_p as sign_flip_p
from benchmarks.statistics.sign_flips import sign_flip_shift
from benchmarks.statistics.sign_flips import smallest_p as smallest_p

Doubles = NDArray[np.float64]
Statistic = Callable[[Doubles], Doubles]
LEVEL = 0.05  # of every family of tests
RESAMPLES = 10_000
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
    paired: bool
    mean_b: float
    mean_a: float
    error: float  # standard error of the difference; NaN where a side has one value
    df: float  # its degrees of freedom; NaN where nothing varies
    least: float  # the smallest p that so many runs can give

    def detectable(self, comparisons: int = 1, level: float = LEVEL) -> float:
        """The true difference that is shown with probability .8 among so many comparisons, if its spread is the observed.

        Each is tested at level / comparisons, which Holm's correction guarantees to every one of them; where others are
        shown it leaves more, so the probability is .8 or more. NaN where nothing can be shown or nothing varies.
        """
        share = level / comparisons
        if not (self.error > 0 and self.least < share):
            return NAN
        shift = sign_flip_shift(self.n, share) if self.paired else detectable_shift(self.df, share)
        return shift * self.error


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
    """mean +- t_{n-1} s / sqrt(n): without width where all values are equal, NaN under two."""
    n = len(x)
    if n < 2:
        return Interval(NAN, NAN)
    centre, variance = moments(x)
    half = float(sps.t.ppf((1 + confidence) / 2, n - 1) * np.sqrt(variance / n))
    return Interval(centre - half, centre + half)


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


def a12(b: Doubles, a: Doubles) -> float:
    """P(b > a) + P(b = a) / 2 over all pairs (Vargha and Delaney 2000, equation 2); 1/2 is no difference."""
    return float((b[:, None] > a).mean() + 0.5 * (b[:, None] == a).mean())


def differences(b: Doubles, a: Doubles) -> Doubles:
    """b - a, and 0 where they differ by rounding: equal scores must not become small differences of one sign."""
    d = b - a
    return np.where(np.abs(d) <= 1e-12 * np.maximum(np.abs(b), np.abs(a)), 0.0, d)


def compare_paired(b: Doubles, a: Doubles, rng: np.random.Generator | None = None) -> Comparison:
    """B against A, one value a seed each, in the same order of seeds; ValueError where their numbers differ."""
    if len(b) != len(a):
        raise ValueError(f"pairs need as many B as A: {len(b)} and {len(a)}")
    d = differences(b, a)
    n, error = len(d), float(np.sqrt(moments(d)[1] / len(d)))
    means, least = (float(b.mean()), float(a.mean())), min(1.0, smallest_p(n))
    p = sign_flip_p(d, rng)
    return Comparison(float(d.mean()), t_interval(d), p, a12(b, a), n, True, *means, error, float(n - 1), least)


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
    least = 2 * smallest_unpaired_p(len(b), len(a))
    if error == 0:
        p = least if d else 1.0
        return Comparison(d, Interval(d, d), p, effect, n, False, *means, 0.0, NAN, least)
    p, half = max(2 * float(sps.t.sf(abs(d) / error, df)), least), float(sps.t.ppf(0.975, df)) * error
    return Comparison(d, Interval(d - half, d + half), p, effect, n, False, *means, error, df, least)


def holm(p: Doubles) -> Doubles:
    """Holm's step-down adjustment: p_(i) (m - i + 1), made monotone, at most 1 (Holm 1979); NaN stay and are not in m."""
    valid = np.flatnonzero(~np.isnan(p))
    order = valid[np.argsort(p[valid], kind="stable")]
    scaled = p[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted

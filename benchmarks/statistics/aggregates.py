"""One number of a suite's scores [seeds, tasks], as rliable defines them: mean, median, IQM, optimality gap.

Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice", section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.statistics.intervals import RESAMPLES, Doubles, Interval, bootstrap


def _matrices(x: Doubles, axis: int | None) -> Doubles:
    """[..., seeds, tasks] of an array whose axes from `axis` on are one sample; a vector is one seed's tasks."""
    lead = max(np.ndim(x) - 2, 0) if axis is None else axis % np.ndim(x)
    shape = np.shape(x)
    return np.reshape(x, (*shape[:lead], -1, shape[-1]))


def mean(x: Doubles, *, axis: int | None = None) -> Any:
    """Mean over tasks of the mean over seeds. `axis` as in AGGREGATES."""
    return _matrices(x, axis).mean(axis=(-2, -1))


def median(x: Doubles, *, axis: int | None = None) -> Any:
    """Median over tasks of the mean over seeds. `axis` as in AGGREGATES."""
    return np.median(_matrices(x, axis).mean(axis=-2), axis=-1)


def iqm(x: Doubles, *, axis: int | None = None) -> Any:
    """Interquartile mean of all runs: without the lowest and highest quarter. `axis` as in AGGREGATES.

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
    """Mean over all runs of max(target - x, 0). `axis` as in AGGREGATES."""
    return np.maximum(target - _matrices(x, axis), 0.0).mean(axis=(-2, -1))


# [..., seeds, tasks] -> [...], a float of one matrix; `axis=k`: the axes from k on are one sample
AGGREGATES: dict[str, Callable[..., Any]] = {f.__name__: f for f in (mean, median, iqm, optimality_gap)}


def bootstrap_iqm(scores: Doubles, rng: np.random.Generator, resamples: int = RESAMPLES) -> Interval:
    """Percentile interval of the IQM of [seeds, tasks], clustered by seed."""
    return bootstrap(scores, iqm, rng, resamples)

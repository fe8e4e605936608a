"""Pairs of variants on the tasks that both have: which pairs there are, and how two variants are compared.

A value is a seed's mean score over the tasks. Variants that share seeds are compared seed by seed, others by Welch's test.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.statistics.intervals import Doubles, limits_of_difference, within
from benchmarks.statistics.scores import Scores
from benchmarks.statistics.sign_flips import smallest_p
from benchmarks.statistics.tests import Comparison, compare_each_paired, compare_unpaired, rounded_differences

SEED = 20_240  # of the resampling generators: the same rows give the same report
ROUNDING = 1e-6  # of a score: differences below it are rounding


class Pair(NamedTuple):
    """b is compared with a."""

    b: str
    a: str


def rung_pairs(suite: Scores, parents: Mapping[str, str | None]) -> list[Pair]:
    """Each variant with its parent, where both are here."""
    candidates = ((v, parents.get(v)) for v in suite.learners)
    return [Pair(v, p) for v, p in candidates if p is not None and suite.tasks(v, p)]


def baseline_pairs(suite: Scores, baseline: str) -> list[Pair]:
    """Each learner with one of them."""
    return [Pair(v, baseline) for v in suite.learners if v != baseline and suite.tasks(v, baseline)]


def all_pairs(suite: Scores) -> list[Pair]:
    """All pairs of learners."""
    return [Pair(b, a) for a, b in itertools.combinations(suite.learners, 2) if suite.tasks(a, b)]


def seed_means(suite: Scores, variant: str, tasks: Sequence[str]) -> pd.Series:
    """Each seed's mean score over the tasks."""
    scores = suite.final(variant, tasks)
    return pd.Series(scores.to_numpy(float).mean(axis=1), scores.index)


def _shared(b: pd.Series, a: pd.Series) -> tuple[Doubles, Doubles, pd.Index]:
    """The values of the seeds that both have, and these seeds."""
    if b.index.equals(a.index):
        return b.to_numpy(float), a.to_numpy(float), b.index
    seeds = b.index.intersection(a.index)
    return b.loc[seeds].to_numpy(float), a.loc[seeds].to_numpy(float), seeds


def seed_differences(suite: Scores, pair: Pair, tasks: Sequence[str]) -> pd.Series:
    """b minus a, each shared seed's mean over the tasks; meaningless where a side was imported."""
    b, a, seeds = _shared(seed_means(suite, pair.b, tasks), seed_means(suite, pair.a, tasks))
    return pd.Series(rounded_differences(b, a), seeds)


def compare_variants(suite: Scores, pair: Pair, tasks: Sequence[str]) -> Comparison | None:
    """b minus a of each seed's mean over the tasks: paired by seed, or Welch where a side was imported.

    None where they share no seed, or a side of Welch's test has one run.
    """
    return compare_each(suite, [(pair, tasks)])[0]


def compare_each(suite: Scores, asked: Sequence[tuple[Pair, Sequence[str]]]) -> list[Comparison | None]:
    """compare_variants of each pair and its tasks. Pairs of equally many seeds are tested together, which is faster.

    A report has several places for a comparison: it is made once.
    """
    keys = [(pair, tuple(tasks)) for pair, tasks in asked]
    suite.compared.update(_compare_new(suite, [key for key in dict.fromkeys(keys) if key not in suite.compared]))
    return [suite.compared[key] for key in keys]


def _compare_new(
    suite: Scores, asked: Sequence[tuple[Pair, tuple[str, ...]]]
) -> dict[tuple[Pair, tuple[str, ...]], Comparison | None]:
    """The same by pair and tasks."""
    places = dict.fromkeys((v, tasks) for pair, tasks in asked for v in pair)
    means, imported = {place: seed_means(suite, *place) for place in places}, set(suite.imported)
    found: dict[tuple[Pair, tuple[str, ...]], Comparison | None] = dict.fromkeys(asked)
    paired = {}
    for pair, tasks in asked:
        b, a = (means[v, tasks] for v in pair)
        if not {*pair} & imported:
            x, y, seeds = _shared(b, a)
            if len(seeds):
                paired[pair, tasks] = x, y
        elif min(len(b), len(a)) > 1:
            found[pair, tasks] = compare_unpaired(b.to_numpy(float), a.to_numpy(float))
    found.update(zip(paired, compare_each_paired([*paired.values()]), strict=True))
    return {(pair, tasks): result and _on_tasks(suite, result, tasks) for (pair, tasks), result in found.items()}


def _on_tasks(suite: Scores, result: Comparison, tasks: Sequence[str]) -> Comparison:
    """A comparison of means over these tasks, its interval within what a difference of them can be."""
    limits = suite.score_limits(tasks)
    interval = within(result.interval, result.difference, limits_of_difference(limits, limits))
    return result._replace(interval=interval, tasks=len(tasks), returns=not suite.normalised)


class OneSidedLosses(NamedTuple):
    """Whether, on some task, runs of one side are lost that are not lost on the other."""

    in_b: bool
    in_a: bool


def one_sided_losses(suite: Scores, pair: Pair, tasks: Sequence[str]) -> OneSidedLosses:
    """One-sided losses among the compared final scores: seed by seed where both share seeds, else by the share of lost runs.

    The score of a lost run is a convention that only orders runs. It cancels where both lost the same runs. Otherwise the
    size of the difference was not measured, and it may not be called equal or small.
    """
    if not any(suite.curves[t, v].imputed[-1].any() for t in tasks for v in pair if (t, v) in suite.curves):
        return OneSidedLosses(False, False)
    b, a = (suite.lost(v, tasks) for v in pair)
    if {*pair} & set(suite.imported):
        more = b.sum().to_numpy(int) * len(a) - a.sum().to_numpy(int) * len(b)
        return OneSidedLosses(bool((more > 0).any()), bool((more < 0).any()))
    shared = b.index.intersection(a.index)
    x, y = b.loc[shared].to_numpy(bool), a.loc[shared].to_numpy(bool)
    return OneSidedLosses(bool((x & ~y).any()), bool((y & ~x).any()))


def identical(suite: Scores, pair: Pair, task: str) -> bool:
    """Whether the two are one run on this task: equal scores at every checkpoint of every shared seed, to rounding.

    Runs that are lost count as equal where both are lost. Two variants are one run where what distinguishes them has no
    effect: credit assignment on rewards that come at the end alone, for example.
    """
    b, a = (suite.curves[task, v] for v in pair)
    shared, columns_b, columns_a = np.intersect1d(b.seeds, a.seeds, return_indices=True)
    if not len(shared) or len(b.score) != len(a.score):
        return False
    if not np.array_equal(b.imputed[:, columns_b], a.imputed[:, columns_a]):
        return False
    x, y = b.score[:, columns_b], a.score[:, columns_a]
    return bool(np.allclose(x, y, rtol=ROUNDING, atol=ROUNDING, equal_nan=True))


def least_corrected_p(seeds: int, comparisons: int) -> float:
    """The smallest corrected p that this many comparisons of paired seeds can reach."""
    return min(1.0, smallest_p(seeds) * max(comparisons, 1))

"""Rankings of variants before and after tuning."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.statistics import best as joint
from benchmarks.statistics import tests
from benchmarks.statistics.comparisons import SEED
from benchmarks.statistics.intervals import Interval, bootstrap
from benchmarks.statistics.sign_flips import sign_flip_p
from benchmarks.statistics.tests import LEVEL
from benchmarks.store.curves import COLUMNS
from benchmarks.store.suite import Suite
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.trials import NAN, SETTINGS, StudyKey, tested_scores
from envs.api import Doubles, Scale

TIE = 1e-12  # means of equal scores differ in their last digits


def tau(a: Doubles, b: Doubles) -> Doubles:
    """Kendall's tau-b of two rankings, over the last axis; NaN where one of them is all ties."""
    i, j = np.triu_indices(a.shape[-1], 1)
    x, y = (np.where(np.abs(d := s[..., i] - s[..., j]) < TIE, 0.0, np.sign(d)) for s in (a, b))
    size = np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    return np.where(size > 0, (x * y).sum(-1) / np.where(size > 0, size, 1.0), NAN)


class Orders(NamedTuple):
    """Pairs of variants, by whether the test seeds show their order (sign-flip, Holm) before and after tuning."""

    pairs: int
    default: int  # ordered before
    kept: int  # ordered before and, in the same way, after
    left_open: int  # ordered before, not after
    reversed: tuple[tuple[str, str], ...]  # ordered before, and the other way after: (better before, better after)
    new: int  # ordered only after


@dataclass(frozen=True)
class Ranking:
    """Variants on the test seeds before and after tuning: scores [S, V], means over `tasks` tasks."""

    where: str
    tasks: int
    variants: tuple[str, ...]
    default: Doubles
    tuned: Doubles

    @property
    def tau(self) -> float:
        return float(tau(self.default.mean(0), self.tuned.mean(0)))

    @cached_property
    def interval(self) -> Interval:
        """Of tau: bootstrap of test seeds, one draw for all variants, tasks and both settings; ties alone count 0."""
        both = np.stack([self.default, self.tuned], axis=1)

        def resampled(x: Doubles) -> Doubles:
            means = x.mean(axis=1)
            return np.nan_to_num(tau(means[:, 0], means[:, 1]), nan=0.0)

        return bootstrap(both, resampled, np.random.default_rng(SEED))

    @cached_property
    def self_agreement(self) -> float:
        """For comparison: mean tau of the default ranking on one draw of test seeds with itself on another."""
        rng, seeds = np.random.default_rng(SEED), len(self.default)
        first, second = (self.default[rng.integers(seeds, size=(2_000, seeds))].mean(axis=1) for _ in range(2))
        return float(np.nan_to_num(tau(first, second), nan=0.0).mean()) if seeds > 1 else NAN

    @cached_property
    def leaders(self) -> dict[str, joint.Leaders]:
        """The leader, and those not shown to score less (benchmarks/statistics/best.py), by setting."""
        by_setting = {}
        for setting, scores in zip(SETTINGS, (self.default, self.tuned), strict=True):
            leaders_of_setting = joint.leaders(_as_suite(scores, self.variants), self.variants, ["test"])
            assert leaders_of_setting is not None  # there are seeds
            by_setting[setting] = leaders_of_setting
        return by_setting

    def best(self, setting: str) -> list[str]:
        """The leader and those that are not shown to score less."""
        return [self.leaders[setting].best, *self.leaders[setting].not_separated]

    @cached_property
    def orders(self) -> Orders:
        """Which orders of pairs are kept when the variants are tuned."""
        index_pairs = list(itertools.combinations(range(len(self.variants)), 2))
        before, after = (_shown_signs(scores, index_pairs) for scores in (self.default, self.tuned))
        reversed_pairs = []
        for (i, j), sign in zip(index_pairs, np.where(before * after < 0, before, 0.0), strict=True):
            if sign:
                better, worse = (i, j) if sign > 0 else (j, i)
                reversed_pairs.append((self.variants[better], self.variants[worse]))
        return Orders(
            pairs=len(index_pairs),
            default=int((before != 0).sum()),
            kept=int((before * after > 0).sum()),
            left_open=int(((before != 0) & (after == 0)).sum()),
            reversed=tuple(reversed_pairs),
            new=int(((before == 0) & (after != 0)).sum()),
        )

    def as_row(self) -> dict[str, object]:
        """Its row of the table of rankings."""
        row: dict[str, object] = {
            "ranking": self.where, "variants": len(self.variants), "seeds": len(self.default), "tau": self.tau,
            "low": self.interval.low, "high": self.interval.high, "again": self.self_agreement,
            "pairs": self.orders.pairs, "ordered, default": self.orders.default, "kept": self.orders.kept,
            "left open": self.orders.left_open, "reversed": len(self.orders.reversed),
            "ordered, tuned only": self.orders.new,
        }  # fmt: skip
        for setting in SETTINGS:
            best, *others = self.best(setting)
            row |= {f"leads, {setting}": best, f"may be as good, {setting}": ", ".join(others) or "none"}
        return row


def rank(studies: Mapping[StudyKey, StudyResult], tasks: Sequence[str], variants: Sequence[str], where: str) -> Ranking:
    """Test scores of these variants, means over these tasks; of as many seeds as all of them have."""
    cells = [[tested_scores(studies[task, v]) for task in tasks] for v in variants]
    seeds = min(len(tuned) for row in cells for tuned, _ in row)
    means = [np.mean([[x[:seeds] for x in both] for both in row], axis=0) for row in cells]  # [2, S] a variant
    tuned, default = np.stack(means, axis=-1)
    return Ranking(where, len(tasks), tuple(variants), default, tuned)


def _shown_signs(scores: Doubles, index_pairs: Sequence[tuple[int, int]]) -> Doubles:
    """1 where the first of a pair is shown to be better, -1 the second, 0 where no order is shown."""
    differences = [scores[:, i] - scores[:, j] for i, j in index_pairs]
    p = tests.holm(np.array([sign_flip_p(d) for d in differences]))
    return np.where(p < LEVEL, np.sign([d.mean() for d in differences]), 0.0)


def _as_suite(scores: Doubles, variants: Sequence[str]) -> Suite:
    """Scores [S, V] as leaders.leaders reads them: of one task, whose scale is the score's own."""
    rows = [
        {"task": "test", "variant": v, "seed": s, "checkpoint": 0, "fraction": 1.0, **dict.fromkeys(COLUMNS, 0.0),
         "eval_return": scores[s, i]}
        for i, v in enumerate(variants) for s in range(len(scores))
    ]  # fmt: skip
    return Suite(pd.DataFrame(rows), {"test": Scale(None, None)}, variants)

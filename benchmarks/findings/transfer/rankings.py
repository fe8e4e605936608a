"""Scores of the same variants under several kinds of policies: how far rankings agree, and which orders are reversed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.findings.transfer.agreement import agreement, repeat_agreement
from benchmarks.statistics.families import ComparisonKey, Ledger, compare_family
from benchmarks.statistics.tests import LEVEL, Comparison
from benchmarks.statistics.wording.phrases import cannot_show
from benchmarks.store.suite import Suite
from envs.api import Doubles

Kinds = Mapping[str, tuple[str, ...]]  # the tasks of each kind of policy
SEED = 0


@dataclass(frozen=True)
class Rankings:
    """Variants that learn, with scores under every kind.

    variants  V names
    scores    of each kind, [S, V]: means over its tasks by seed
    """

    variants: tuple[str, ...]
    scores: Mapping[str, Doubles]


def rankings(suite: Suite, kinds: Kinds) -> Rankings:
    """Scores of the variants that have all tasks of every kind that was run, on the seeds that all of them have."""
    run = {kind: [t for t in tasks if t in suite.scales] for kind, tasks in kinds.items()}
    run = {kind: tasks for kind, tasks in run.items() if tasks}
    finals = {}
    for variant in suite.learners:
        means = {kind: suite.final(variant, tasks).mean(axis=1) for kind, tasks in run.items()}
        if all(len(of_kind) for of_kind in means.values()):
            finals[variant] = means
    shared: pd.Index | None = None
    for means in finals.values():
        for of_kind in means.values():
            shared = of_kind.index if shared is None else shared.intersection(of_kind.index)
    if shared is None:
        return Rankings((), {})
    scores = {kind: np.stack([m[kind].loc[shared].to_numpy(float) for m in finals.values()], 1) for kind in run}
    return Rankings(tuple(finals), scores)


def agreements(made: Rankings) -> pd.DataFrame:
    """A row a pair of kinds: tau with its interval, and the tau that a repeat of either would reach on half the seeds."""
    rows = []
    repeats = {kind: repeat_agreement(x, np.random.default_rng(SEED)) for kind, x in made.scores.items()}
    for one, other in itertools.combinations(made.scores, 2):
        found = agreement(made.scores[one], made.scores[other], np.random.default_rng(SEED))
        rows.append(
            {"kind": one, "other": other, **found._asdict(), "repeat": repeats[one], "repeat_other": repeats[other]}
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Turned:
    """Orders of two variants that are shown under one kind of policy, and shown the other way round under another.

    shown   by kind, how many orders are shown
    turned  (kind, other kind) -> pairs (better, worse) under the first that are (worse, better) under the second
    both    (kind, other kind) -> how many orders are shown under both
    too_few that so many comparisons of so few seeds cannot show any order; empty where they can
    """

    shown: Mapping[str, int]
    turned: Mapping[tuple[str, str], Sequence[tuple[str, str]]]
    both: Mapping[tuple[str, str], int]
    too_few: str = ""


def turned_orders(suite: Suite, kinds: Kinds, variants: Sequence[str], ledger: Ledger) -> Turned:
    """All pairs of the variants under every kind, corrected together over all of them (Holm)."""
    run = {kind: tuple(t for t in tasks if t in suite.scales) for kind, tasks in kinds.items()}
    keys: list[ComparisonKey] = [
        (b, a, tasks) for tasks in run.values() if tasks for b, a in itertools.combinations(variants, 2)
    ]
    compared = compare_family(suite, keys, ledger)
    orders = {kind: _orders(compared, tasks) for kind, tasks in run.items() if tasks}
    turned, both = {}, {}
    for one, other in itertools.combinations(orders, 2):
        back = {(worse, better) for better, worse in orders[other]}
        turned[one, other] = [pair for pair in orders[one] if pair in back]
        both[one, other] = len(turned[one, other]) + sum(pair in orders[other] for pair in orders[one])
    most = max(compared.values(), key=lambda c: c.n, default=None)
    least_p = most.least_p * len(compared) if most else 0.0
    too_few = cannot_show(most.n, len(compared), min(1.0, least_p)) if most and least_p >= LEVEL else ""
    return Turned({kind: len(found) for kind, found in orders.items()}, turned, both, too_few)


def _orders(compared: Mapping[ComparisonKey, Comparison], tasks: tuple[str, ...]) -> dict[tuple[str, str], Comparison]:
    """(better, worse) where a difference is shown on these tasks."""
    return {(b, a) if c.difference > 0 else (a, b): c for (b, a, on), c in compared.items() if on == tasks and c.shown}

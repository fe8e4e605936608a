"""Families of comparisons that are corrected together, and the family that decides each comparison.

A hypothesis is that two variants do not differ on some tasks; their order does not matter. The first family that tests it
decides it: its p is corrected there (Holm 1979). Every later family shows that p and corrects only what it adds, so a report
never contradicts itself about a pair. The families of a report, in this order: the experiment's finding,
adaptive seeds, rungs against their parents, all against the baseline, all pairs; then for each pair its tasks, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from benchmarks.statistics.comparisons import Pair, compare_each
from benchmarks.statistics.intervals import Doubles
from benchmarks.statistics.scores import Scores
from benchmarks.statistics.tests import Comparison, holm

Hypothesis = tuple[frozenset[str], tuple[str, ...]]  # the two variants; on which tasks, sorted
ComparisonKey = tuple[str, str, tuple[str, ...] | None]  # b, a, on these tasks; None: on all that both have
FINDING, ADAPTIVE, RUNGS, BASELINE, ALL_PAIRS = "finding", "adaptive seeds", "rungs", "baseline", "all pairs"
ITS_TASKS = "the pair's tasks"


class Decision(NamedTuple):
    """The corrected p of a hypothesis, and the family that decided it: its name and its number of comparisons."""

    p: float
    family: str
    size: int


def hypothesis(b: str, a: str, tasks: Sequence[str]) -> Hypothesis:
    """The null hypothesis that two variants do not differ on these tasks."""
    return frozenset((b, a)), tuple(sorted(tasks))


@dataclass(frozen=True)
class Ledger:
    """The decisions of one page, in the order in which its families test."""

    decisions: dict[Hypothesis, Decision] = field(default_factory=dict)

    def enter(
        self, family: str, hypotheses: Sequence[Hypothesis], corrected: Sequence[float], size: int
    ) -> list[Decision]:
        """As `correct`, for a family of `size` comparisons whose p was corrected by another test than Holm's."""
        for h, p in zip(hypotheses, corrected, strict=True):
            self.decisions.setdefault(h, Decision(float(p), family, size))
        return [self.decisions[h] for h in hypotheses]

    def correct(self, family: str, hypotheses: Sequence[Hypothesis], p: Doubles) -> list[Decision]:
        """A decision for each hypothesis, given its uncorrected p.

        What was decided before keeps its decision. The others are this family: Holm's p over them.
        """
        first = {h: i for i, h in reversed([*enumerate(hypotheses)]) if h not in self.decisions}
        new_indices = sorted(first.values())
        corrected = holm(np.asarray(p, np.float64)[new_indices])
        for index, value in zip(new_indices, corrected, strict=True):
            self.decisions[hypotheses[index]] = Decision(float(value), family, len(new_indices))
        return [self.decisions[h] for h in hypotheses]


def compare_family(
    suite: Scores, keys: Sequence[ComparisonKey], ledger: Ledger | None = None, name: str = FINDING
) -> dict[ComparisonKey, Comparison]:
    """The comparisons that can be made, of final scores, paired by seed and corrected together (Holm).

    ledger  the decisions of the page, where others were made before and others will refer to these
    """
    places = {key: [t for t in suite.tasks(*key[:2]) if key[2] is None or t in key[2]] for key in keys}
    places = {key: tasks for key, tasks in places.items() if tasks}
    each = compare_each(suite, [(Pair(*key[:2]), tasks) for key, tasks in places.items()])
    compared = {
        key: (result, hypothesis(*key[:2], tasks))
        for (key, tasks), result in zip(places.items(), each, strict=True)
        if result is not None
    }
    ledger = Ledger() if ledger is None else ledger
    p = np.array([result.p for result, _ in compared.values()])
    decided = ledger.correct(name, [h for _, h in compared.values()], p)
    return {
        key: result._replace(p_corrected=decision.p, family_size=decision.size)
        for (key, (result, _)), decision in zip(compared.items(), decided, strict=True)
    }


def compare_by_task(suite: Scores, pairs: Sequence[tuple[str, str]], ledger: Ledger) -> dict[ComparisonKey, Comparison]:
    """Pairs (b, a) on each task that both have, corrected over the tasks of each pair: what the tables by task show."""
    compared: dict[ComparisonKey, Comparison] = {}
    for b, a in dict.fromkeys(pairs):
        compared |= compare_family(suite, [(b, a, (task,)) for task in suite.tasks(b, a)], ledger, ITS_TASKS)
    return compared


def decide_pairs(suite: Scores, pairs: Sequence[Pair], ledger: Ledger, family: str) -> None:
    """Let a family decide its pairs, each on all tasks that both have, unless they are decided."""
    compare_family(suite, [(*pair, None) for pair in pairs], ledger, family)

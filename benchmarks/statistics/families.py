"""One family a question: which comparisons are corrected together, and where a page decides each of them.

A question is a pair of variants on some tasks, whichever of the two stands first. The first family that asks it decides it:
its p is corrected there (Holm 1979), and every later family shows that p and corrects only what it adds. So no two places
of a page can say opposite things of one pair. The families of a report, in this order: the experiment's finding, adaptive
seeds, rungs against their parents, all against the baseline, all pairs; then for each pair its tasks, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.statistics import tests as stats

Question = tuple[frozenset[str], tuple[str, ...]]  # the two variants; on which tasks, sorted
FINDING, ADAPTIVE, RUNGS, BASELINE, ALL_PAIRS = "finding", "adaptive seeds", "rungs", "baseline", "all pairs"
ITS_TASKS = "the pair's tasks"


class Decision(NamedTuple):
    """The corrected p of a question, and the family that decided it: its name and its number of comparisons."""

    p: float
    family: str
    size: int


def question(b: str, a: str, tasks: Sequence[str]) -> Question:
    """Whether two variants differ on these tasks."""
    return frozenset((b, a)), tuple(sorted(tasks))


@dataclass(frozen=True)
class Ledger:
    """The decisions of one page, in the order in which its families ask."""

    decisions: dict[Question, Decision] = field(default_factory=dict)

    def enter(self, family: str, asked: Sequence[Question], corrected: Sequence[float], size: int) -> list[Decision]:
        """As `correct`, for a family of `size` comparisons whose p was corrected by another test than Holm's."""
        for q, p in zip(asked, corrected, strict=True):
            self.decisions.setdefault(q, Decision(float(p), family, size))
        return [self.decisions[q] for q in asked]

    def correct(self, family: str, asked: Sequence[Question], p: NDArray[np.float64]) -> list[Decision]:
        """A decision for each question, given its uncorrected p.

        What was decided before keeps its decision. The others are this family: Holm's p over them.
        """
        first = {q: i for i, q in reversed([*enumerate(asked)]) if q not in self.decisions}
        places = sorted(first.values())
        corrected = stats.holm(np.asarray(p, np.float64)[places])
        for place, value in zip(places, corrected, strict=True):
            self.decisions[asked[place]] = Decision(float(value), family, len(places))
        return [self.decisions[q] for q in asked]

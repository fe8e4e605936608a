"""What a finding is made of: a family of paired comparisons, corrected together, and the words for what they show.

What is not shown is said to be not shown, with the true difference that these seeds detect with probability .8 at the level
that Holm's correction guarantees to each of so many tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.statistics import comparisons as pairs
from benchmarks.statistics.comparisons import LEVEL
from benchmarks.statistics.families import FINDING, ITS_TASKS, Ledger, question
from benchmarks.statistics.wording.phrases import amount, counted
from benchmarks.suite import Suite


class Told(NamedTuple):
    """One comparison of a family: b minus a, on the tasks that both have."""

    difference: float
    low: float
    high: float
    p: float  # corrected
    detectable: float
    tasks: int
    family: int = 1  # comparisons that are corrected together
    raw: float = float("nan")  # p, not corrected
    returns: bool = False  # whether the difference is of raw returns, not of normalised scores

    @property
    def shown(self) -> bool:
        return self.p < LEVEL

    @property
    def size(self) -> str:
        """0.12 [0.08, 0.16] without its sign."""
        low, high = (self.low, self.high) if self.difference >= 0 else (-self.high, -self.low)
        scale = max(abs(self.difference), (high - low) / 2 if high == high else 0.0)
        size, low_, high_ = (amount(x, 2, self.returns, scale) for x in (abs(self.difference), low, high))
        return f"{size} [{low_}, {high_}]"


BRACKETS = "Brackets hold the 95 % interval of each difference alone, not corrected."
Asked = tuple[str, str, tuple[str, ...] | None]  # b, a, on these tasks; None: on all that both have


def family(
    suite: Suite, asked: Sequence[Asked], ledger: Ledger | None = None, name: str = FINDING
) -> dict[Asked, Told]:
    """The comparisons that can be made, corrected together (Holm); of final scores, paired by seed.

    ledger  the decisions of the page, where others were made before and others will refer to these
    """
    found = {}
    for b, a, tasks in asked:
        on = [t for t in suite.tasks(b, a) if tasks is None or t in tasks]
        if on and (result := pairs.compare(suite, pairs.Pair(b, a), on)):
            found[b, a, tasks] = result, on
    ledger = Ledger() if ledger is None else ledger
    p = np.array([r.p for r, _ in found.values()])
    decided = ledger.correct(name, [question(b, a, on) for (b, a, _), (_, on) in found.items()], p)
    told = {}
    for (key, (r, on)), d in zip(found.items(), decided, strict=True):
        told[key] = Told(
            r.difference, *r.interval, d.p, r.detectable(d.size), len(on), d.size, r.p, not suite.normalised
        )
    return told


def by_task(suite: Suite, compared: Sequence[tuple[str, str]], ledger: Ledger) -> dict[Asked, Told]:
    """Pairs (b, a) on each task that both have, corrected over the tasks of each pair: what the tables by task show."""
    told: dict[Asked, Told] = {}
    for b, a in dict.fromkeys(compared):
        told |= family(suite, [(b, a, (task,)) for task in suite.tasks(b, a)], ledger, ITS_TASKS)
    return told


def listed(words: Sequence[str]) -> str:
    """a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def unseen(told: Sequence[Told]) -> str:
    """The true difference that the least precise of some comparisons detects."""
    known = [t.detectable for t in told if np.isfinite(t.detectable)]
    if not known:
        return "no detectable difference can be estimated"
    return f"{amount(max(known), 2, told[0].returns)} is detected with probability 0.8"


def corrected(told: Mapping[Asked, Told], suite: Suite) -> str:
    """How sure the sentences before it are: a sentence of its own."""
    shown = [t.p for t in told.values() if t.shown]
    worst = f"p at most {max(shown):.2g}" if shown else f"p at least {min(t.p for t in told.values()):.2g}"
    size = max(t.family for t in told.values())
    together = f"These {size} comparisons are corrected together (Holm)" if size > 1 else "This is one comparison"
    return f"{together}: {worst}, {counted(suite.seeds, 'seed')}."


def too_few(told: Mapping[Asked, Told], suite: Suite) -> str:
    """That so many comparisons of so few seeds cannot show anything; empty where they can."""
    size = min((t.family for t in told.values()), default=1)
    if suite.imported or (least := pairs.least_p(suite.seeds, size)) <= LEVEL:
        return ""
    seeds, verb = counted(suite.seeds, "seed"), "shows" if suite.seeds == 1 else "show"
    leave = f"{counted(size, 'comparison')} {'leaves' if size == 1 else 'leave'}"
    return f"{seeds} {verb} nothing here: the smallest p that {leave} is {least:.2g}."

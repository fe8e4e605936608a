"""`compare` as a gate: what must hold of B for status 0, each violation in words that name the cell (record 30).

Losses that a corrected test shows; cells of A that B has not; more diverged members, by Fisher's exact test; and, where
asked for, a least number of seeds and non-inferiority.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as sps

from benchmarks.sides import Place, Side
from benchmarks.statistics import comparisons as pairs
from benchmarks.statistics import power
from benchmarks.statistics import tests as stats
from benchmarks.statistics.comparisons import LEVEL, Pair
from benchmarks.statistics.wording.phrases import counted
from benchmarks.suite import Doubles, Suite
from envs.discover import UsageError


@dataclass(frozen=True)
class Rules:
    """What a comparison asks for.

    margin       a difference that counts as none
    min_seeds    a cell with fewer seeds on either side fails the gate
    noninferior  every row must be shown to be worse by less than this
    """

    margin: float = 0.05
    min_seeds: int | None = None
    noninferior: float | None = None

    def __post_init__(self) -> None:
        for name in ("margin", "noninferior"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"--{name} must be greater than 0, not {value}")
        if self.min_seeds is not None and self.min_seeds < 1:
            raise UsageError(f"--min-seeds must be at least 1, not {self.min_seeds}")


def lost(a: Side, b: Side) -> list[Place]:
    """(task, variant) of A without a row in B."""
    return [place for place in a.places if place not in set(b.places)]


def diverging(a: Side, b: Side) -> dict[Place, float]:
    """Cells of both with more diverged members in B: Fisher's exact p, one-sided, corrected over these cells (Holm).

    0 where all members of B diverged and not all of A: such a cell has no score.
    """
    found = {}
    for place in (p for p in a.places if p in b.diverged):
        (of_a, n_a), (of_b, n_b) = a.diverged[place], b.diverged[place]
        if of_b / n_b > of_a / n_a:
            table = np.array([[of_b, n_b - of_b], [of_a, n_a - of_a]])
            found[place] = float(sps.fisher_exact(table, alternative="greater").pvalue)
    corrected = dict(zip(found, stats.holm(np.array([*found.values()], float)), strict=True))
    return {p: 0.0 if b.diverged[p][0] == b.diverged[p][1] else float(q) for p, q in corrected.items()}


def noninferiority_p(b: Doubles, a: Doubles, margin: float, paired: bool) -> float:
    """p of H0: mean(b) - mean(a) <= -margin, one half of TOST: t = (difference + margin) / error, upper tail.

    paired   b and a [n] are of the same seeds: n - 1 degrees of freedom; else Welch's error and degrees of freedom
    Without variance no t test exists. If the difference is above -margin the sign test of the pairs gives 1 / 2^n, and the
    rank test of two samples 1 / C(n_a + n_b, n_a); otherwise 1. 1 also for fewer than two values.
    """
    if min(len(a), len(b)) < 2:
        return 1.0
    if paired:
        difference, variance = power.moments(b - a)
        error, df = math.sqrt(variance / len(b)), float(len(b) - 1)
    else:
        difference, error, df = power.welch(b, a)
    if error > 0:
        return float(sps.t.sf((difference + margin) / error, df))
    if difference <= -margin:
        return 1.0
    return 0.5 ** len(b) if paired else 1.0 / math.comb(len(a) + len(b), len(a))


def noninferiority(suite: Suite, pair: Pair, tasks: Sequence[str], margin: float) -> float:
    """`noninferiority_p` of each seed's mean over the tasks.

    1 where B has lost runs that A has not (pairs.lost_apart): how much worse they are was not measured. Runs that A alone
    has lost count as its worst, which B has then measurably reached: they do not stand in the way.
    """
    if pairs.lost_apart(suite, pair, tasks).of_b:
        return 1.0
    b, a = (suite.final(v, tasks).mean(axis=1) for v in pair)
    if {*pair} & suite.imported:
        return noninferiority_p(b.to_numpy(float), a.to_numpy(float), margin, paired=False)
    shared = b.index.intersection(a.index)
    return noninferiority_p(b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float), margin, paired=True)


def violations(a: Side, b: Side, by_variant: pd.DataFrame, by_task: pd.DataFrame, rules: Rules) -> list[str]:
    """A sentence for each kind of violation, all of its places by name; none where the gate is passed."""
    found = [_worse(by_variant, by_task), *_lost(a, b), _without(by_variant, by_task)]
    found += [_diverged(a, b), _few(a, b, rules.min_seeds), _inferior(by_variant, by_task, rules.noninferior)]
    return [text for text in found if text]


def _named(by_variant: pd.DataFrame, by_task: pd.DataFrame, finding: str) -> list[str]:
    rows = [f"`{v}`" for v in by_variant["variant"][by_variant["finding"] == finding]]
    cells = by_task[by_task["finding"] == finding]
    return rows + [_cell(t, v) for t, v in zip(cells["task"], cells["variant"], strict=True)]


def _cell(task: str, variant: str) -> str:
    return f"`{variant}` on {task}"


def worse(by_variant: pd.DataFrame, by_task: pd.DataFrame) -> list[str]:
    """Variants, and variants on a task, that are shown to be worse in B."""
    return _named(by_variant, by_task, "worse")


def _worse(by_variant: pd.DataFrame, by_task: pd.DataFrame) -> str:
    names = worse(by_variant, by_task)
    return f"B is shown to be worse in {counted(len(names), 'place')}: {', '.join(names)}" if names else ""


def _lost(a: Side, b: Side) -> list[str]:
    """Variants, tasks and single cells that B has not."""
    missing = lost(a, b)
    there = [{place[i] for place in b.places} for i in (0, 1)]
    tasks = list(dict.fromkeys(t for t, _ in missing if t not in there[0]))
    variants = list(dict.fromkeys(v for _, v in missing if v not in there[1]))
    cells = [_cell(t, v) for t, v in missing if t not in tasks and v not in variants]
    parts = {"variant": [f"`{v}`" for v in variants], "task": tasks, "cell": cells}
    return [
        f"B has lost {counted(len(names), kind)} of A: {', '.join(names)}" for kind, names in parts.items() if names
    ]


def _without(by_variant: pd.DataFrame, by_task: pd.DataFrame) -> str:
    names = _named(by_variant, by_task, "not compared")
    return f"no test was possible for {', '.join(names)}: no seeds to compare" if names else ""


def _diverged(a: Side, b: Side) -> str:
    told = [
        f"{_cell(*p)} ({b.diverged[p][0]} of {b.diverged[p][1]}; in A {a.diverged[p][0]} of {a.diverged[p][1]})"
        for p, q in diverging(a, b).items()
        if q < LEVEL
    ]
    return f"more members diverge in B: {', '.join(told)}" if told else ""


def _few(a: Side, b: Side, least: int | None) -> str:
    told = [
        f"{_cell(*place)} has {n} in {name}"
        for side, name in ((a, "A"), (b, "B"))
        for place, (_, n) in side.diverged.items()
        if least is not None and n < least and place[1] in side.variants
    ]
    return f"fewer than {counted(least or 0, 'seed')}: {', '.join(told)}" if told else ""


def _inferior(by_variant: pd.DataFrame, by_task: pd.DataFrame, margin: float | None) -> str:
    if margin is None:
        return ""
    tables = [
        table if "p_noninferior" in table else table.assign(p_noninferior=np.nan) for table in (by_variant, by_task)
    ]
    by_variant, by_task = tables
    told = [f"`{r['variant']}` (p {r['p_noninferior']:.2g})" for r in _not_shown(by_variant)]
    told += [f"{_cell(r['task'], r['variant'])} (p {r['p_noninferior']:.2g})" for r in _not_shown(by_task)]
    return f"not shown to be worse by less than {margin:g}: {', '.join(told)}" if told else ""


def _not_shown(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Rows that were tested and not shown to be non-inferior."""
    rows: list[dict[Any, Any]] = table[table["p_noninferior"] >= LEVEL].to_dict("records")
    return rows

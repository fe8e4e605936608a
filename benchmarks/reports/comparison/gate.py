"""`compare` as a gate: the conditions for exit status 0. Each violation is a sentence that names its cells.

A gate fails on losses that a corrected test shows, cells of A that B lacks, and more diverged members (Fisher's exact test).
Optional conditions are a minimum number of seeds, and non-inferiority.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as sps

from benchmarks.reports.comparison.result_folders import CellKey, ResultFolder
from benchmarks.statistics import equivalence
from benchmarks.statistics.comparisons import Pair, one_sided_losses
from benchmarks.statistics.tests import LEVEL, holm
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.suite import Suite
from envs.validation import UsageError


@dataclass(frozen=True)
class Rules:
    """The limits of a comparison.

    margin       differences below it count as no difference
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


def missing_cells(a: ResultFolder, b: ResultFolder) -> list[CellKey]:
    """(task, variant) of A without a row in B."""
    return [key for key in a.cell_keys if key not in set(b.cell_keys)]


def diverged_more_p(a: ResultFolder, b: ResultFolder) -> dict[CellKey, float]:
    """Cells of both with more diverged members in B: Fisher's exact p, one-sided, corrected over these cells (Holm).

    0 where all members of B diverged and not all of A: such a cell has no score.
    """
    p_values = {}
    for key in (p for p in a.cell_keys if p in b.diverged):
        (lost_a, n_a), (lost_b, n_b) = a.diverged[key], b.diverged[key]
        if lost_b / n_b > lost_a / n_a:
            table = np.array([[lost_b, n_b - lost_b], [lost_a, n_a - lost_a]])
            p_values[key] = float(sps.fisher_exact(table, alternative="greater").pvalue)
    corrected = dict(zip(p_values, holm(np.array([*p_values.values()], float)), strict=True))
    return {p: 0.0 if b.diverged[p][0] == b.diverged[p][1] else float(q) for p, q in corrected.items()}


def equivalence_p(suite: Suite, pair: Pair, tasks: Sequence[str], margin: float) -> float:
    """p of TOST: small where the difference is shown to be smaller than the margin.

    1 where other runs are lost on one side than on the other (one_sided_losses): the score of a lost run was not measured.
    """
    if any(one_sided_losses(suite, pair, tasks)):
        return 1.0
    b, a = (suite.final(v, tasks).mean(axis=1) for v in pair)
    if {*pair} & suite.imported:
        return (
            equivalence.tost_unpaired(b.to_numpy(float), a.to_numpy(float), margin) if min(len(a), len(b)) > 1 else 1.0
        )
    d = (b - a).dropna().to_numpy(float)
    return equivalence.tost(d, margin) if len(d) > 1 else 1.0


def noninferiority_p(suite: Suite, pair: Pair, tasks: Sequence[str], margin: float) -> float:
    """p of equivalence.noninferiority, of each seed's mean over the tasks.

    1 where B has lost runs that A has not (one_sided_losses): how much worse they are was not measured. Runs that only A
    lost count as the worst score of the task, which B has reached, so they do not prevent the test.
    """
    if one_sided_losses(suite, pair, tasks).in_b:
        return 1.0
    b, a = (suite.final(v, tasks).mean(axis=1) for v in pair)
    if {*pair} & suite.imported:
        return equivalence.noninferiority(b.to_numpy(float), a.to_numpy(float), margin, paired=False)
    shared = b.index.intersection(a.index)
    return equivalence.noninferiority(b.loc[shared].to_numpy(float), a.loc[shared].to_numpy(float), margin, paired=True)


def violations(
    a: ResultFolder, b: ResultFolder, by_variant: pd.DataFrame, by_task: pd.DataFrame, rules: Rules
) -> list[str]:
    """A sentence for each kind of violation, all of its places by name; none where the gate is passed."""
    sentences = [_worse(by_variant, by_task), *_missing(a, b), _untested(by_variant, by_task)]
    sentences += [
        _diverged(a, b),
        _too_few_seeds(a, b, rules.min_seeds),
        _inferior(by_variant, by_task, rules.noninferior),
    ]
    return [text for text in sentences if text]


def _named(by_variant: pd.DataFrame, by_task: pd.DataFrame, finding: str) -> list[str]:
    rows = [f"`{v}`" for v in by_variant["variant"][by_variant["finding"] == finding]]
    cells = by_task[by_task["finding"] == finding]
    return rows + [_cell(t, v) for t, v in zip(cells["task"], cells["variant"], strict=True)]


def _cell(task: str, variant: str) -> str:
    return f"`{variant}` on {task}"


def regressions(by_variant: pd.DataFrame, by_task: pd.DataFrame) -> list[str]:
    """Variants, and variants on a task, that are shown to be worse in B."""
    return _named(by_variant, by_task, "worse")


def _worse(by_variant: pd.DataFrame, by_task: pd.DataFrame) -> str:
    names = regressions(by_variant, by_task)
    return f"B is shown to be worse in {count_noun(len(names), 'place')}: {', '.join(names)}" if names else ""


def _missing(a: ResultFolder, b: ResultFolder) -> list[str]:
    """Variants, tasks and single cells that B lacks."""
    missing = missing_cells(a, b)
    present = [{place[i] for place in b.cell_keys} for i in (0, 1)]
    tasks = list(dict.fromkeys(t for t, _ in missing if t not in present[0]))
    variants = list(dict.fromkeys(v for _, v in missing if v not in present[1]))
    cells = [_cell(t, v) for t, v in missing if t not in tasks and v not in variants]
    parts = {"variant": [f"`{v}`" for v in variants], "task": tasks, "cell": cells}
    return [
        f"B has lost {count_noun(len(names), kind)} of A: {', '.join(names)}" for kind, names in parts.items() if names
    ]


def _untested(by_variant: pd.DataFrame, by_task: pd.DataFrame) -> str:
    names = _named(by_variant, by_task, "not compared")
    return f"no test was possible for {', '.join(names)}: no seeds to compare" if names else ""


def _diverged(a: ResultFolder, b: ResultFolder) -> str:
    cells = [
        f"{_cell(*p)} ({b.diverged[p][0]} of {b.diverged[p][1]}; in A {a.diverged[p][0]} of {a.diverged[p][1]})"
        for p, q in diverged_more_p(a, b).items()
        if q < LEVEL
    ]
    return f"more members diverge in B: {', '.join(cells)}" if cells else ""


def _too_few_seeds(a: ResultFolder, b: ResultFolder, least: int | None) -> str:
    cells = [
        f"{_cell(*place)} has {n} in {name}"
        for side, name in ((a, "A"), (b, "B"))
        for place, (_, n) in side.diverged.items()
        if least is not None and n < least and place[1] in side.variants
    ]
    return f"fewer than {count_noun(least or 0, 'seed')}: {', '.join(cells)}" if cells else ""


def _inferior(by_variant: pd.DataFrame, by_task: pd.DataFrame, margin: float | None) -> str:
    if margin is None:
        return ""
    names = [f"`{r['variant']}` (p {r['p_noninferior']:.2g})" for r in _rows_not_shown(by_variant)]
    names += [f"{_cell(r['task'], r['variant'])} (p {r['p_noninferior']:.2g})" for r in _rows_not_shown(by_task)]
    return f"not shown to be worse by less than {margin:g}: {', '.join(names)}" if names else ""


def _rows_not_shown(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Rows that were tested and not shown to be non-inferior; none where no row was tested."""
    if "p_noninferior" not in table:
        return []
    return table[table["p_noninferior"] >= LEVEL].to_dict("records")

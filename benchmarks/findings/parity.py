"""Whether two implementations of an algorithm learn alike.

Each run has two measures: the area under its learning curve (its mean return over the budget) and its final return. Both are
tested for equivalence within one standard deviation of a run, and for a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics import tests
from benchmarks.statistics.equivalence import equivalence
from benchmarks.statistics.families import FINDING, Decision, Ledger, hypothesis
from benchmarks.statistics.tests import LEVEL
from benchmarks.store.curves import Curve, area_under_curve
from benchmarks.store.suite import Data, Suite
from envs.api import Doubles

Pairs = Mapping[str, str]  # ours -> the other
CAPTION = (
    "Area under the learning curve (the mean return over the budget) and final return, ours and theirs. The 90 % interval "
    "is of the difference alone (Welch, not corrected). `equal`: p of two one-sided t tests that the difference is within "
    "the margin. The margin is one standard deviation of a run, pooled over both sides and estimated from these runs. "
    "`different`: p of Welch's t test. Both also after Holm's correction over the rows. Equivalence of all rows together "
    "needs no correction: each must be shown (Berger 1982)."
)

MARGIN = "Alike: within one standard deviation of a run, which is wide"


def run_measures(curve: Curve) -> dict[str, Doubles]:
    """Area and final return of each run [S]."""
    return {"area": area_under_curve(curve.env_steps.T, curve.value.T), "final": curve.value[-1]}


def _lost_unequally(b: Curve, a: Curve, measure: str) -> bool:
    """Whether the shares of runs differ whose area, or final return, holds a value that was not measured."""
    lost_b, lost_a = (int((c.imputed.any(axis=0) if measure == "area" else c.lost).sum()) for c in (b, a))
    return lost_b * len(a.seeds) != lost_a * len(b.seeds)


def table(suite: Suite, pairs: Pairs) -> pd.DataFrame:
    """A row a task, pair, measure. `equal`: p of the equivalence, `different`: of Welch's t test; both after Holm too.

    `equal` is 1 where one side has lost a larger share of its runs: the score of a lost run was not measured.
    """
    curves, rows = suite.curves, []
    cells = [(task, *pair) for task in suite.scales for pair in pairs.items()]
    for task, ours, theirs in cells:
        if (task, ours) in curves and (task, theirs) in curves:
            head = {"task": task, "variant": ours, "other": theirs}
            rows += [head | row for row in _rows(curves[task, ours], curves[task, theirs])]
    result = pd.DataFrame(rows).rename(columns={"p": "equal"})
    for name in ("equal", "different") if rows else ():
        result[f"{name}_holm"] = tests.holm(result[name].to_numpy(float))
    return result


def _rows(ours: Curve, theirs: Curve) -> list[dict[str, object]]:
    """A row a measure."""
    others, rows = run_measures(theirs), []
    for measure, b in run_measures(ours).items():
        a = others[measure]
        result = equivalence(b, a)
        if _lost_unequally(ours, theirs, measure):
            result = result._replace(p=1.0)
        row: dict[str, object] = {"measure": measure, "seeds": len(b), "seeds_other": len(a)}
        row |= {"mean": float(b.mean()), "mean_other": float(a.mean())}
        rows.append(row | result._asdict() | {"different": tests.compare_unpaired(b, a).p})
    return rows


@dataclass(frozen=True)
class Parity:
    """Which of the pairs are shown to learn alike, and which are not."""

    pairs: Pairs

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter whether final returns differ on each task, by Welch's test, as the sentence and its table say it."""
        rows = table(suite, self.pairs)
        for row in rows[rows["measure"] == "final"].to_dict("records") if len(rows) else ():
            pair = hypothesis(row["variant"], row["other"], [row["task"]])
            ledger.decisions.setdefault(pair, Decision(float(row["different_holm"]), FINDING, len(rows)))

    def sentence(self, data: Data) -> str:
        """In how many rows both are equivalent, and in how many a difference is shown; the rows are in the list below.

        Where no run varies there is nothing to test, and only the means are compared.
        """
        compared = table(data.suite, self.pairs)
        if compared.empty or compared["equal"].isna().all():
            return ""
        rows = compared.to_dict("records")
        constant = [r for r in rows if np.isnan(r["equal"])]
        tested = [r for r in rows if not np.isnan(r["equal"])]
        same = [r for r in constant if r["difference"] == 0]
        other = [r for r in constant if r["difference"] != 0]
        seeds = f"{compared['seeds'].min()} runs of ours against {compared['seeds_other'].min()}"
        if not other and all(r["equal"] < LEVEL for r in tested):
            worst = max(r["equal"] for r in tested)
            groups = {"Equivalent in every row": tested}
            answer = f"Both learn alike in all {len(rows)} comparisons (largest p {worst:.2g})."
        else:
            groups = _groups(tested)
            alike = len(groups["Equivalent"]) + len(same)
            answer = f"Both are shown to learn alike in {alike} of {len(rows)} comparisons. {_rest(groups, len(other))}"
        details = [f"{word}: {_named(group)}." for word, group in groups.items() if group]
        details += [f"The same number in every run: {_named(same)}."] if same else []
        details += [f"Numbers that differ and do not vary: {_named(other)}."] if other else []
        return with_details(f"{answer} {MARGIN} ({seeds}).", details)


def _rest(groups: Mapping[str, Sequence[dict[Any, Any]]], constant: int) -> str:
    """In how many rows a difference is shown, and in how many neither."""
    different, open_ = len(groups["A difference is shown"]) + constant, len(groups["Neither is shown"])
    said = [f"A difference is shown in {different}."] if different else []
    said += [f"Neither that nor a difference is shown in {open_}."] if open_ else []
    return " ".join(said)


def _groups(rows: Sequence[dict[Any, Any]]) -> dict[str, list[dict[Any, Any]]]:
    """Which rows are equivalent, which differ and which are neither, after Holm's correction."""
    equal = [r for r in rows if r["equal_holm"] < LEVEL]
    different = [r for r in rows if r["different_holm"] < LEVEL]
    open_ = [r for r in rows if r not in equal and r not in different]
    return {"Equivalent": equal, "A difference is shown": different, "Neither is shown": open_}


def _named(rows: Sequence[dict[Any, Any]]) -> str:
    """`like_sb3_a2c` on CartPole-v1 (area, final), ..."""
    measures_by_cell: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        measures_by_cell.setdefault((row["variant"], row["task"]), []).append(row["measure"])
    return ", ".join(f"`{v}` on {t} ({', '.join(m)})" for (v, t), m in measures_by_cell.items())

"""Whether two implementations of an algorithm learn alike: two one-sided tests within a margin of one standard deviation.

Each run is read twice: the area under its learning curve (its mean return over the budget) and its final return. The margin
is the runs' own standard deviation, pooled over both sides, so it is estimated from the data that are tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as sps

from benchmarks.efficiency import area_under_curve
from benchmarks.statistics.equivalence import tost_unpaired
from benchmarks.statistics.families import FINDING, Decision, Ledger, hypothesis
from benchmarks.statistics.intervals import moments
from benchmarks.statistics.tests import LEVEL, compare_unpaired, holm, welch
from benchmarks.suite import Curve, Doubles, Suite

if TYPE_CHECKING:
    from benchmarks.panels import Data

NAN = float("nan")
Pairs = Mapping[str, str]  # ours -> the other


class Equivalence(NamedTuple):
    """b against a, runs of their own each.

    low_90, high_90  90 % interval of the difference by Welch: inside +-margin where p < .05
    p                of "the difference is as large as the margin" (Schuirmann 1987)
    """

    difference: float
    margin: float
    low_90: float
    high_90: float
    p: float


def pooled_deviation(b: Doubles, a: Doubles) -> float:
    """sqrt(((n_b - 1) s_b^2 + (n_a - 1) s_a^2) / (n_b + n_a - 2)); NaN where one has fewer than two values."""
    freedom = np.array([len(b) - 1, len(a) - 1])
    if freedom.min() < 1:
        return NAN
    return float(np.sqrt(freedom @ np.array([moments(b)[1], moments(a)[1]]) / freedom.sum()))


def equivalence(b: Doubles, a: Doubles, deviations: float = 1.0) -> Equivalence:
    """Within a margin of so many pooled standard deviations; NaN where there are none to speak of."""
    margin = deviations * pooled_deviation(b, a)
    difference, error, df = welch(b, a)
    if not margin > 0:
        return Equivalence(difference, margin, NAN, NAN, NAN)
    half = float(sps.t.ppf(1 - LEVEL, df)) * error
    return Equivalence(difference, margin, difference - half, difference + half, tost_unpaired(b, a, margin))


def read(curve: Curve) -> dict[str, Doubles]:
    """Area and final return of each run [S]."""
    return {"area": area_under_curve(curve.env_steps.T, curve.value.T), "final": curve.value[-1]}


def _lost_apart(b: Curve, a: Curve, measure: str) -> bool:
    """Whether the shares of runs differ whose area, or final return, holds a value that was not measured."""
    of_b, of_a = (int((c.filled.any(axis=0) if measure == "area" else c.lost).sum()) for c in (b, a))
    return of_b * len(a.seeds) != of_a * len(b.seeds)


def table(data: Data, pairs: Pairs) -> pd.DataFrame:
    """A row a task, pair, measure. `equal`: p of the equivalence, `different`: of Welch's t test; both after Holm too.

    `equal` is 1 where one side has lost a larger share of its runs: what a lost run counts as was not measured.
    """
    curves, rows = data.suite.curves, []
    for task in data.suite.scales:
        for ours, theirs in pairs.items():
            if (task, ours) not in curves or (task, theirs) not in curves:
                continue
            mine, others = read(curves[task, ours]), read(curves[task, theirs])
            for measure, b in mine.items():
                found = equivalence(b, others[measure])
                if _lost_apart(curves[task, ours], curves[task, theirs], measure):
                    found = found._replace(p=1.0)
                row: dict[str, object] = {"task": task, "variant": ours, "other": theirs, "measure": measure}
                row |= {"seeds": len(b), "seeds_other": len(others[measure])}
                row |= {"mean": float(b.mean()), "mean_other": float(others[measure].mean())}
                rows.append(row | found._asdict() | {"different": compare_unpaired(b, others[measure]).p})
    made = pd.DataFrame(rows).rename(columns={"p": "equal"})
    for name in ("equal", "different") if rows else ():
        made[f"{name}_holm"] = holm(made[name].to_numpy(float))
    return made


EXPLAINED = (
    "Area under the learning curve (the mean return over the budget) and final return, ours and theirs, with the 90 % "
    "interval of the difference alone (Welch, not corrected). `equal`: p of two one-sided t tests that the difference is "
    "within the margin: one standard deviation of a run pooled over both sides (estimated from these runs); `different`: p "
    "of Welch's t test. Both also after Holm's correction over the rows. Equivalence of all rows together needs no "
    "correction: each must be shown (Berger 1982)."
)


@dataclass(frozen=True)
class Parity:
    """Finding: which of the pairs are shown to learn alike, and which are not."""

    pairs: Pairs

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter whether final returns differ on each task, by Welch's test, as the sentence and its table say it."""
        from benchmarks.panels import Data

        made = table(Data(suite, pd.DataFrame()), self.pairs)
        for row in made[made["measure"] == "final"].to_dict("records") if len(made) else ():
            asked = hypothesis(row["variant"], row["other"], [row["task"]])
            ledger.decisions.setdefault(asked, Decision(float(row["different_holm"]), FINDING, len(made)))

    def sentence(self, data: Data) -> str:
        """All rows at once where each is shown; else those that are shown after Holm's correction, and the others.

        Where nobody varies (all at the maximum, say) there is nothing to test, and the means alone are compared.
        """
        made = table(data, self.pairs)
        if made.empty or made["equal"].isna().all():
            return ""
        rows = made.to_dict("records")
        seeds = f"{made['seeds'].min()} runs of ours against {made['seeds_other'].min()}"
        head = f"Two one-sided t tests with a wide margin of one standard deviation ({seeds}): "
        constant = [r for r in rows if np.isnan(r["equal"])]
        rows = [r for r in rows if not np.isnan(r["equal"])]
        same = [r for r in constant if r["difference"] == 0]
        told = [f"the same number in every run: {_named(same)}"] if same else []
        if other := [r for r in constant if r["difference"] != 0]:
            told += [f"numbers that differ and do not vary: {_named(other)}"]
        if not other and all(r["equal"] < LEVEL for r in rows):
            worst = max(r["equal"] for r in rows)
            told = [f"{_named(rows)}: equivalent in every row (largest p {worst:.2g})", *told]
            return head + "; ".join(told) + "."
        shown = [r for r in rows if r["equal_holm"] < LEVEL]
        apart = [r for r in rows if r["different_holm"] < LEVEL]
        open_ = [r for r in rows if r not in shown and r not in apart]
        told += [f"equivalent: {_named(shown)}"] if shown else []
        told += [f"a difference is shown: {_named(apart)}"] if apart else []
        told += [f"neither is shown: {_named(open_)}"] if open_ else []
        return head + "; ".join(told) + "."


def _named(rows: list[dict[Any, Any]]) -> str:
    """`like_sb3_a2c` on CartPole-v1 (area, final), ..."""
    places: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        places.setdefault((row["variant"], row["task"]), []).append(row["measure"])
    return ", ".join(f"`{v}` on {t} ({', '.join(m)})" for (v, t), m in places.items())

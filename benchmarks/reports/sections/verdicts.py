"""The first columns of tables of scores and of comparisons: the difference to the reference, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from benchmarks.reports.inputs import ReportInput
from benchmarks.statistics.comparison_tables import task_table
from benchmarks.statistics.comparisons import Pair, baseline_pairs, compare_each
from benchmarks.statistics.families import hypothesis
from benchmarks.statistics.tests import LEVEL

REFERENCE, OPEN, BETTER, WORSE = "reference", "not shown", "better", "worse"
NAN = float("nan")
FIRST = (
    "variant",
    "against",
    "task",
    "difference",
    "low",
    "high",
    "p_holm",
    "p_joint",
    "verdict",
)  # columns of comparisons
EXPLAINED = (
    "`verdict`: whether the corrected test shows the variant to be better or worse; `not shown` does not mean that they "
    "are equal."
)


def verdict(p: float, difference: float) -> str:
    """What a corrected p shows of a difference."""
    if not p < LEVEL:
        return OPEN
    return BETTER if difference > 0 else WORSE


def with_verdict(table: pd.DataFrame) -> pd.DataFrame:
    """A table of comparisons with what each shows, the columns that matter first."""
    if table.empty:
        return table
    p = table["p_joint" if "p_joint" in table else "p_holm"]
    shown = table.assign(verdict=[verdict(*row) for row in zip(p, table["difference"], strict=True)])
    return shown[[c for c in FIRST if c in shown] + [c for c in shown if c not in FIRST]]


def over_tasks(report: ReportInput) -> dict[str, tuple[float, str]]:
    """By variant: the difference of its mean to the reference's over the tasks that both have, and what is shown of it."""
    suite, found = report.suite, {}
    pairs = baseline_pairs(suite, report.against) if report.against else []
    for pair, result in zip(pairs, compare_each(suite, [(p, suite.tasks(*p)) for p in pairs]), strict=True):
        decision = report.ledger.decisions.get(hypothesis(*pair, suite.tasks(*pair)))
        if decision and result:
            found[pair.b] = result.difference, verdict(decision.p, result.difference)
    return found


def on_each_task(report: ReportInput) -> dict[str, dict[str, tuple[float, str]]]:
    """`over_tasks` for each task, corrected over the tasks of each pair."""
    pairs: Sequence[Pair] = baseline_pairs(report.suite, report.against) if report.against else ()
    found: dict[str, dict[str, tuple[float, str]]] = {}
    for row in task_table(report.suite, pairs, ledger=report.ledger).to_dict("records"):
        found.setdefault(row["task"], {})[row["variant"]] = (
            row["difference"],
            verdict(row["p_holm"], row["difference"]),
        )
    return found


def with_reference(
    table: pd.DataFrame, report: ReportInput, found: Mapping[str, tuple[float, str]], after: str
) -> pd.DataFrame:
    """The table with each variant's difference to the reference and the verdict, after the column `after`.

    Unchanged where nothing was found.
    """
    if not found:
        return table
    shown = [(NAN, REFERENCE) if v == report.against else found.get(v, (NAN, "-")) for v in table["variant"]]
    at = list(table.columns).index(after) + 1
    table = table.copy()
    table.insert(at, "difference", [difference for difference, _ in shown])
    table.insert(at + 1, "verdict", [word for _, word in shown])
    return table

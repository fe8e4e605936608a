"""`compare`: each variant against a baseline, by the tests of the report."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from benchmarks.api.result import Result
from benchmarks.api.running import load
from benchmarks.reports.inputs import enter_sequential
from benchmarks.reports.loading import read_decisions
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import baseline_pairs
from benchmarks.statistics.families import BASELINE, Ledger, decide_pairs
from benchmarks.statistics.tests import LEVEL
from envs.validation import UnknownName, UsageError

UNUSED = ("family", "of")  # columns: there is one family only


def compare(
    result: Result | str | os.PathLike[str], baseline: str | None = None, *, by_task: bool = False
) -> pd.DataFrame:
    """Each variant against the baseline, a row each: the difference, its interval, and whether it is shown.

    A value is a seed's mean score over the tasks that both variants have. Seeds are compared in pairs by an exact sign-flip
    test; where runs were imported, by Welch's test. `p_holm` is corrected over the rows (Holm 1979). Where seeds were added
    until all was decided (`adaptive`), it is the p of those looks, corrected for variants and looks.

    finding      "better" or "worse" where p_holm < .05; "identical" where both are one run; else "open"
    difference   variant minus baseline, with a 95 % t interval (low, high) of this difference alone
    a12          probability that a random seed of the variant beats one of the baseline
    detectable   the true difference that so many seeds show with probability .8
    better, shown, ...   on how many tasks; see benchmarks.statistics.comparison_tables

    result    what `run` or `load` returned, or a folder
    baseline  a variant that learns; None: the first one
    by_task   a row a variant and task, each with its own test, corrected over the tasks of a variant

    UsageError for another baseline, and where the returns of several tasks would be averaged.
    """
    runs = result if isinstance(result, Result) else load(result)
    suite, learners = runs.suite, runs.suite.learners
    if not learners:
        raise UsageError(f"{runs.folder} holds no variant that learns")
    against = learners[0] if baseline is None else baseline
    if against not in learners:
        raise UnknownName("baseline", against, learners)
    pairs = baseline_pairs(suite, against)
    if not by_task and (pair := next((p for p in pairs if not suite.can_average(suite.tasks(*p))), None)):
        raise UsageError(
            f"{', '.join(suite.tasks(*pair))} have no mean, for one has no ceiling: compare(..., by_task=True)"
        )
    ledger = Ledger()
    enter_sequential(read_decisions(runs.folder), suite, ledger)
    decide_pairs(suite, pairs, ledger, BASELINE)
    rows = task_table(suite, pairs, ledger=ledger)
    table = rows if by_task or rows.empty else suite_table(suite, pairs, rows, ledger, BASELINE)
    if table.empty:
        return table
    table = table.drop(columns=[c for c in UNUSED if c in table])
    table.insert(0, "finding", [_finding(row) for row in table.to_dict("records")])
    return table


def _finding(row: dict[Any, Any]) -> str:
    if row["p_holm"] < LEVEL:
        return "better" if row["difference"] > 0 else "worse"
    return "identical" if row["identical"] in ("yes", row.get("tasks")) else "open"

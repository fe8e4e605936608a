"""What a swept property of the tasks does to the score of each variant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.comparison_tables import sweep_table
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.tests import LEVEL
from benchmarks.statistics.wording.answers import first_that_fits
from benchmarks.statistics.wording.phrases import change, count_noun, list_words, p_value, span
from benchmarks.statistics.wording.sentences import explained, sweep_sentences
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class SweepChange:
    """The score at the largest x minus that at the smallest: in how many cases a loss is shown, and where the largest is.

    x, lines  the value of each task, and the line that it belongs to      label  what x is
    """

    x: Mapping[str, float]
    label: str
    lines: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, data: Data) -> str:
        """One sentence a line where these fit into 40 words, else how many changes are shown and the largest."""
        table = sweep_table(data.suite, self.x, self.lines)
        if table.empty:
            return ""
        said = sweep_sentences(table, self.label)
        shown = table[table["p_holm"] < LEVEL]
        seeds = count_noun(int(table["seeds"].min()), "seed")
        sure = f"p is corrected over {count_noun(len(table), 'comparison')} (Holm), {seeds}."
        each = [_row(row) for row in shown.to_dict("records")]
        short = [re.sub(r"No change is shown for .*", "", text).strip() for text in said]
        answer = first_that_fits([" ".join(said), " ".join(short), *_forms(table, shown, self.label)])
        return with_details(answer, explained(answer, [*(text for text in said if text not in answer), sure, *each]))

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """It compares tasks, not variants."""


def _row(row: Mapping[Any, Any]) -> str:
    line = f"{str(row['line']).capitalize()}, " if "line" in row else ""
    return f"{line}`{row['variant']}`: {change(row)} ({p_value(row['p_holm'])})."


def _forms(table: pd.DataFrame, shown: pd.DataFrame, label: str) -> list[str]:
    """The changes that are shown, from the most detailed form to the shortest."""
    first = table.iloc[0]
    head = f"From {first['from']} to {first['to']} ({label})"
    count = f"a change of the score is shown in {len(shown)} of {count_noun(len(table), 'case')}."
    if shown.empty:
        return [f"{head} {count}"]
    largest = shown.iloc[int(shown["difference"].abs().to_numpy().argmax())]
    where = f" ({largest['line']})" if "line" in table else ""
    most = f"The largest is {largest['difference']:+.2f}, of `{largest['variant']}`{where}."
    forms = [f"{head} {count} {most}", f"{head} {count}"]
    if "line" in table and (table["p_holm"] < LEVEL).all() and (table["difference"] < 0).all():
        by_line = table.groupby("line", sort=False)["difference"]
        spans = [f"{span(-d.max(), -d.min())} ({line})" for line, d in by_line]
        forms.insert(0, f"{head} the score of every variant falls, by {list_words(spans)}.")
    return forms

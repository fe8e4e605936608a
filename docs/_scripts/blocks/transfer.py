"""The generated blocks on `transfer`: what the ranking under each kind of policy says about a language model's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from benchmarks.experiments.transfer import KINDS, LANGUAGE_MODEL
from docs._scripts.released import Released
from docs._scripts.wording import two_decimals

NAME = "transfer"
HEAD = (
    "| ranking under | tau with the language model's | 95 % interval | its best variant | that one's score on the language "
    "model | may stand for the language model's ranking |\n| --- | ---: | --- | --- | ---: | --- |"
)


def blocks(results: Released) -> dict[str, Callable[[], str]]:
    """By the name of the block: what makes it."""
    return {
        "transfer-use": partial(use, results),
        "transfer-agreement": lambda: results.markdown(NAME, "transfer_agreement"),
        "transfer-turned": partial(turned, results),
    }


def scores(results: Released) -> pd.DataFrame:
    """Mean score over the tasks of each kind of policy: a row a variant that learns, a column a kind."""
    summary = results.summary(NAME)
    means = {
        kind: summary[summary["task"].isin(tasks)].groupby("variant", sort=False)["score"].mean()
        for kind, tasks in KINDS.items()
    }
    return pd.DataFrame(means)


def use(results: Released) -> str:
    """A row a kind of small policy: how far its ranking agrees with the language model's, and what its best has there."""
    table, means = results.table(NAME, "transfer_agreement"), scores(results)
    rows = [row for row in table.to_dict("records") if LANGUAGE_MODEL in (row["kind"], row["other"])]
    lines = [HEAD]
    for row in rows:
        first = row["kind"] == LANGUAGE_MODEL
        kind, again = (row["other"], row["repeat"]) if first else (row["kind"], row["repeat_other"])
        best = str(means[kind].idxmax())
        interval = f"{two_decimals(row['low'])} to {two_decimals(row['high'])}"
        there = two_decimals(float(means[LANGUAGE_MODEL][best]))
        verdict = _verdict(float(row["low"]), float(row["high"]), again)
        lines.append(f"| {kind} | {two_decimals(row['tau'])} | {interval} | `{best}` | {there} | {verdict} |")
    best = str(means[LANGUAGE_MODEL].idxmax())
    most = two_decimals(float(means[LANGUAGE_MODEL][best]))
    return "\n".join([*lines, f"| {LANGUAGE_MODEL} | - | - | `{best}` | {most} | - |"])


def _verdict(low: float, high: float, again: float) -> str:
    """Yes where agreement is shown, and is not shown to be less than that of the language model with itself."""
    if low <= 0:
        return "no: no agreement is shown"
    if high < again:
        return f"in part: two halves of the language model's seeds agree more ({two_decimals(again)})"
    return "yes, as far as these seeds tell"


def turned(results: Released) -> str:
    """The orders that are shown under one kind of policy and the other way round under another, as the report says it."""
    lines = results.text(NAME, "report.md").splitlines()
    return "\n".join(line for line in lines if line.startswith(("- Better under ", "- Orders shown")))

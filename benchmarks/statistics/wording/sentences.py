"""Sentences about families of comparisons. A difference is claimed only where the corrected test shows it.

Where a family of comparisons could not have shown any difference, a sentence says that and nothing else. Where it could
and did not, it says which true difference would be detected with probability .8, at the level that was tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.statistics.comparisons import least_corrected_p
from benchmarks.statistics.families import ComparisonKey
from benchmarks.statistics.scores import Scores
from benchmarks.statistics.sign_flips import smallest_p
from benchmarks.statistics.tests import LEVEL, Comparison
from benchmarks.statistics.wording.phrases import (
    NAMED,
    amount,
    cannot_show,
    change,
    count_noun,
    detection_sentence,
    digits_from,
    is_raw,
    list_variants,
    list_words,
    spell_seeds,
)

NAMED_TASKS = 4  # that a sentence lists by name
BRACKETS = "Brackets hold the 95 % interval of each difference alone, not corrected."


def pair_sentences(
    table: pd.DataFrame, unit: str = "normalised score", by_task: pd.DataFrame | None = None
) -> list[str]:
    """One or two sentences a pair of comparison_tables.suite_table, whose scores are in `unit`.

    by_task  task_table of them, which names the tasks where both are one run
    """
    return [_pair_sentence(row, unit, _on_tasks(row, by_task)) for row in table.to_dict("records")]


def _pair_sentence(row: dict[Any, Any], unit: str, tasks: str) -> str:
    pair, raw = f"`{row['variant']}` against `{row['against']}`", is_raw(unit)
    tasks = f", {tasks}" if tasks else ""
    scale = digits_from(row["difference"], row["low"], row["high"])
    if row["identical"] == row["tasks"]:
        where = f"on all {row['tasks']} tasks" if row["tasks"] > 1 else "on its task"
        return f"{pair}: identical {where}, at every checkpoint of every shared seed."
    if row["p_holm"] < LEVEL:
        word, sign = ("gains", "+") if row["difference"] > 0 else ("loses", "")
        size = amount(abs(row["difference"]), 3, raw, scale, sign)
        return f"{pair} {word} {size} of the {unit} ({_tested(row, raw)}){tasks}."
    if row["low"] == row["high"] == row["difference"] == 0 and row.get("lost"):
        return f"{pair}: no difference is shown. The two lost different runs, and a lost run counts as the worst."
    if row["low"] == row["high"] == row["difference"] == 0:
        return f"{pair}: the mean {unit} is the same in every run."
    if row["least_p"] >= LEVEL:
        family = f" among {row['of']} comparisons" if row["of"] > 1 else ""
        return f"{pair}: {change(row, raw)}. {spell_seeds(row['seeds'])} cannot show a difference{family}."
    size = amount(row["difference"], 3, raw, scale, "+")
    text = f"{pair}: no difference is shown, {size} ({_tested(row, raw)}){tasks}."
    return f"{text} {detection_sentence(row['seeds'], row['detectable'], row['difference'], raw)}".rstrip()


def _tested(row: dict[Any, Any], raw: bool) -> str:
    """p 0.002, corrected over 9 comparisons (rungs); uncorrected interval [+0.150, +0.270]"""
    family = f", corrected over {row['of']} comparisons" if row["of"] > 1 else ""
    family += f" ({row['family']})" if row["family"] else ""
    interval = change(row, raw).partition(" ")[2].removeprefix("(").removesuffix(")")
    return f"p {row['p_holm']:.3g}{family}; {'uncorrected interval ' if '[' in interval else ''}{interval}"


def _on_tasks(row: Any, by_task: pd.DataFrame | None = None) -> str:
    """better on 3 of 8 tasks, shown on 1, a loss shown on 1, identical on 2 (bandit/medium, lock/medium), tied on 1"""
    rows = by_task if by_task is None else by_task[_pair_rows(row, by_task)]
    parts = [f"better on {row['better']} of {row['tasks']} tasks"]
    if row["tasks"] == 1:
        parts = ["better on its task"] if row["better"] else []
    if row["p_holm"] < LEVEL and row["difference"] > 0:
        losses = 0 if rows is None else int(((rows["p_holm"] < LEVEL) & (rows["difference"] < 0)).sum())
        parts.append(f"shown on {row['shown'] - losses}")
        parts += [f"a loss shown on {losses}"] if losses else []
    if row["identical"]:
        same = [] if rows is None else [str(task) for task in rows["task"][rows["identical"] == "yes"]]
        parts.append(f"identical on {row['identical']}" + (f" ({list_words(same, NAMED_TASKS, ', ')})" if same else ""))
    if row["tied"]:
        parts.append(f"tied on {row['tied']}")
    return ", ".join(parts)


def _pair_rows(row: Any, by_task: pd.DataFrame) -> pd.Series:
    return (by_task["variant"] == row["variant"]) & (by_task["against"] == row["against"])


def sweep_sentences(table: pd.DataFrame, label: str) -> list[str]:
    """One sentence per line of a sweep: the variants whose score changes, and those for which no change is shown."""
    by_line = table.groupby("line", sort=False) if "line" in table else [("", table)]
    return [_line_sentence(str(line), rows, label, len(table)) for line, rows in by_line]


def _line_sentence(line: str, rows: pd.DataFrame, label: str, comparisons: int) -> str:
    first = rows.iloc[0]
    changed = rows[rows["p_holm"] < LEVEL].sort_values("difference")
    unchanged = list_variants([str(v) for v in rows[rows["p_holm"] >= LEVEL]["variant"]])
    head = f"{line.capitalize()}: from" if line else "From"
    text = f"{head} {first['from']} to {first['to']} ({label})"
    if len(changed):
        changes = [f"`{r['variant']}` by {change(r)}" for r in changed.to_dict("records")]
        text += f" the score changes for {list_words(changes, NAMED, ', ')} (uncorrected 95 % intervals)"
        return f"{text}; no change is shown for {unchanged}." if unchanged else f"{text}."
    if (rows["least_p"] >= LEVEL).all():
        verb = "is" if first["seeds"] == 1 else "are"
        seeds = count_noun(int(first["seeds"]), "seed")
        return f"{text} no change can be shown: {seeds} {verb} too few for {count_noun(comparisons, 'comparison')}."
    return f"{text} no change of the score is shown for {unchanged}."


def too_few(table: pd.DataFrame) -> str:
    """Why nothing in a table of comparisons could have been shown; empty where something could."""
    if table.empty or (least_p := float(table["least_p"].min())) < LEVEL:
        return ""
    size = int(table["of"].min()) if "of" in table else len(table)
    why = cannot_show(int(table["seeds"].max()), size, least_p)
    return f"{why} Use more seeds or compare fewer variants."


def too_few_seeds(comparisons: Mapping[ComparisonKey, Comparison], suite: Scores) -> str:
    """Why no comparison of a finding could have been shown; empty where one could."""
    size = min((c.family_size for c in comparisons.values()), default=1)
    if suite.imported or (least_p := least_corrected_p(suite.seeds, size)) < LEVEL:
        return ""
    return cannot_show(suite.seeds, size, least_p)


def few_seeds(seeds: int, enough: int) -> str:
    """A warning where there are too few seeds; else empty."""
    if seeds >= enough:
        return ""
    return (
        f"{spell_seeds(seeds)}: the smallest two-sided p of a paired test is {min(1.0, smallest_p(seeds)):.3g}. "
        f"Differences that are not shown here may be real; use {enough} seeds or more."
    )


def detectable_phrase(comparisons: Sequence[Comparison]) -> str:
    """The true difference that the least precise of some comparisons detects."""
    known = [limit for c in comparisons if np.isfinite(limit := c.detectable())]
    if not known:
        return "no detectable difference can be estimated"
    return f"{amount(max(known), 2, comparisons[0].returns)} is detected with probability 0.8"


def correction_sentence(comparisons: Mapping[ComparisonKey, Comparison], suite: Scores) -> str:
    """A sentence with the corrected p values of the sentences before it."""
    shown = [c.p_corrected for c in comparisons.values() if c.shown]
    worst = (
        f"p at most {max(shown):.2g}" if shown else f"p at least {min(c.p_corrected for c in comparisons.values()):.2g}"
    )
    size = max(c.family_size for c in comparisons.values())
    together = f"These {size} comparisons are corrected together (Holm)" if size > 1 else "This is one comparison"
    return f"{together}: {worst}, {count_noun(suite.seeds, 'seed')}."

"""Sentences about families of comparisons. A difference is claimed only where the corrected test shows it.

Where a family of comparisons could not have shown any difference, a sentence says that and nothing else. Where it could
and did not, it says which true difference would be found in 80 % of such experiments, at the level that was tested.
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
from benchmarks.statistics.wording.answers import as_many_as_fit, first_that_fits
from benchmarks.statistics.wording.phrases import (
    amount,
    cannot_show,
    change,
    count_noun,
    detection_sentence,
    digits_from,
    is_raw,
    list_words,
    p_value,
    span,
    spell_seeds,
)

NAMED_TASKS = 4  # that a sentence lists by name
BRACKETS = "Brackets hold the 95 % interval of each difference alone, not corrected."


def explained(answer: str, details: Sequence[str]) -> list[str]:
    """Details, with what brackets hold where there are any."""
    return [*details, BRACKETS] if "[" in " ".join([answer, *details]) else [*details]


def pair_sentences(
    table: pd.DataFrame, unit: str = "normalised score", by_task: pd.DataFrame | None = None
) -> list[str]:
    """A few short sentences for each pair of comparison_tables.suite_table, whose scores are in `unit`.

    by_task  task_table of them, which names the tasks where both are one run
    """
    return [_pair_sentence(row, unit, _on_tasks(row, by_task)) for row in table.to_dict("records")]


def _pair_sentence(row: dict[Any, Any], unit: str, tasks: str) -> str:
    pair, raw = f"`{row['variant']}` against `{row['against']}`", is_raw(unit)
    if row["identical"] == row["tasks"]:
        where = f"on all {row['tasks']} tasks" if row["tasks"] > 1 else "on its task"
        return f"{pair}: identical {where}, at every checkpoint of every shared seed."
    if row["p_holm"] < LEVEL:
        word = "gains" if row["difference"] > 0 else "loses"
        return f"{pair} {word} {_size(row, raw, abs(row['difference']), unit)} ({_p(row)}).{tasks}"
    if row["low"] == row["high"] == row["difference"] == 0 and row.get("lost"):
        return f"{pair}: no difference is shown. The two lost different runs, and a lost run counts as the worst."
    if row["low"] == row["high"] == row["difference"] == 0:
        return f"{pair}: the mean {unit} is the same in every run."
    if row["least_p"] >= LEVEL:
        family = f" among {row['of']} comparisons" if row["of"] > 1 else ""
        return f"{pair}: {change(row, raw)}. {spell_seeds(row['seeds'])} cannot show a difference{family}."
    text = f"{pair}: no difference is shown, {_size(row, raw, row['difference'])} ({_p(row)}).{tasks}"
    return f"{text} {detection_sentence(row['seeds'], row['detectable'], row['difference'], raw)}".rstrip()


def _size(row: dict[Any, Any], raw: bool, difference: float, unit: str = "") -> str:
    """+0.210 of the return [+0.150, +0.270], or what is said in place of an interval."""
    scale = digits_from(row["difference"], row["low"], row["high"])
    size = amount(difference, 3, raw, scale, "" if unit else "+")
    interval = change(row, raw).partition(" ")[2]
    return " ".join(filter(None, (size, f"of the {unit}" if unit else "", interval)))


def _p(row: dict[Any, Any]) -> str:
    """p 0.002, or with the number of comparisons that it is corrected for."""
    return p_value(row["p_holm"]) + (f" after correction for {row['of']} comparisons" if row["of"] > 1 else "")


def _on_tasks(row: Any, by_task: pd.DataFrame | None = None) -> str:
    """` By task: better on 3 of 8, a gain shown on 1, a loss on 1, identical on 2 (bandit/medium, lock/medium), tied on 1.`

    Empty for one task, which the sentence before has named.
    """
    if row["tasks"] == 1:
        return ""
    rows = by_task if by_task is None else by_task[_pair_rows(row, by_task)]
    losses = 0 if rows is None else int(((rows["p_holm"] < LEVEL) & (rows["difference"] < 0)).sum())
    parts = [f"better on {row['better']} of {row['tasks']}"]
    parts += [f"a gain shown on {gains}"] if (gains := row["shown"] - losses) else []
    parts += [f"a loss shown on {losses}"] if losses else []
    same = [] if rows is None else [str(task) for task in rows["task"][rows["identical"] == "yes"]]
    tied = [f"tied on {row['tied']}"] if row["tied"] else []
    counted = [f"identical on {row['identical']}"] if row["identical"] else []
    named = [f"{counted[0]} ({list_words(same, NAMED_TASKS, ', ')})"] if counted and same else counted
    return " " + first_that_fits(f"By task: {', '.join([*parts, *middle, *tied])}." for middle in (named, counted))


def _pair_rows(row: Any, by_task: pd.DataFrame) -> pd.Series:
    return (by_task["variant"] == row["variant"]) & (by_task["against"] == row["against"])


def sweep_sentences(table: pd.DataFrame, label: str) -> list[str]:
    """One sentence per line of a sweep: the variants whose score changes, and those for which no change is shown."""
    by_line = table.groupby("line", sort=False) if "line" in table else [("", table)]
    return [_line_sentence(str(line), rows, label, len(table)) for line, rows in by_line]


def _line_sentence(line: str, rows: pd.DataFrame, label: str, comparisons: int) -> str:
    first = rows.iloc[0]
    head = f"{line.capitalize()}: from" if line else "From"
    text = f"{head} {first['from']} to {first['to']} ({label})"
    if (rows["least_p"] >= LEVEL).all():
        verb = "is" if first["seeds"] == 1 else "are"
        seeds = count_noun(int(first["seeds"]), "seed")
        return f"{text} no change can be shown: {seeds} {verb} too few for {count_noun(comparisons, 'comparison')}."
    fall, rise = (
        _moved(rows[(rows["p_holm"] < LEVEL) & (rows["difference"] * sign > 0)], len(rows)) for sign in (-1, 1)
    )
    unchanged = [f"`{v}`" for v in rows[rows["p_holm"] >= LEVEL]["variant"]]
    if not (fall or rise):
        return as_many_as_fit(f"{text} no change of the score is shown for", unchanged)
    said = f"{text} the score falls for {fall}." if fall else f"{text} the score rises for {rise}."
    said += f" It rises for {rise}." if fall and rise else ""
    return f"{said} {as_many_as_fit('No change is shown for', unchanged)}" if unchanged else said


def _moved(rows: pd.DataFrame, variants: int) -> str:
    """all 4 variants, by 0.100 (`a`) to 0.300 (`b`); or `a`, by 0.100; empty where there is none."""
    if rows.empty:
        return ""
    size = rows.set_index("variant")["difference"].abs()
    if len(rows) == 1:
        return f"`{size.index[0]}`, by {size.iloc[0]:.2f}"
    which = f"all {variants}" if len(rows) == variants else f"{len(rows)} of {variants}"
    low, _, high = span(size.min(), size.max()).partition(" to ")
    return f"{which} variants, by {low}" + (f" (`{size.idxmin()}`) to {high} (`{size.idxmax()}`)" if high else "")


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
    return f"a true difference of {amount(max(known), 2, comparisons[0].returns)} would be found in 80 % of such experiments"


def correction_sentence(comparisons: Mapping[ComparisonKey, Comparison], suite: Scores) -> str:
    """How sure the sentences before it are: the corrected p values."""
    shown = [c.p_corrected for c in comparisons.values() if c.shown]
    worst = f"at most {max(shown):.2g}" if shown else f"at least {min(c.p_corrected for c in comparisons.values()):.2g}"
    size, seeds = max(c.family_size for c in comparisons.values()), count_noun(suite.seeds, "seed")
    if size == 1:
        return f"This is one comparison of {seeds}, p {worst}."
    which = "those that are shown have p" if shown else "none is shown, p is"
    return f"These {size} comparisons of {seeds} are corrected together (Holm): {which} {worst}."

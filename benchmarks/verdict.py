"""Sentences about tables. A difference is claimed only where the corrected test shows it.

Where a family of comparisons could not have shown any difference, a sentence says that and nothing else. Where it could
and did not, it says which true difference would be detected with probability .8, at the level that was tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import divergence, stats
from benchmarks.families import Ledger
from benchmarks.leaders import Leaders, leaders
from benchmarks.pairs import LEVEL
from benchmarks.suite import Suite

NAMED = 6  # variants that a sentence lists by name
NAMED_TASKS = 4  # and tasks
WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


def names(variants: Sequence[str]) -> str:
    """`a`, `b` and `c`; of more than NAMED the first ones, and how many more."""
    listed = [f"`{v}`" for v in variants[:NAMED]]
    if more := len(variants) - len(listed):
        return f"{', '.join(listed)} and {more} more"
    return " and ".join([", ".join(listed[:-1]), listed[-1]]) if len(listed) > 1 else "".join(listed)


def counted(seeds: int) -> str:
    """`Ten seeds`, to begin a sentence."""
    return f"{WORDS[seeds] if seeds < len(WORDS) else seeds} seed{'' if seeds == 1 else 's'}"


def change(row: Any) -> str:
    """+0.210 [+0.150, +0.270], with the interval left out where there is none or it has no width."""
    difference, low, high = row["difference"], row["low"], row["high"]
    if low != low:
        return f"{difference:+.3f} (too few runs for an interval)"
    if low == high:
        return f"{difference:+.3f} (no variation, so no interval)"
    return f"{difference:+.3f} [{low:+.3f}, {high:+.3f}]"


def detects(seeds: int, difference: float, observed: float = 0.0) -> str:
    """What so many seeds detect; nothing where the differences do not vary, so that it cannot be estimated.

    A difference that was observed, is as large as the detectable one and is not shown is no contradiction: it happens in
    one of five samples of a true difference of that size. The sentence says so.
    """
    if difference != difference:
        return ""
    text = f"{counted(seeds)} detect a true difference of {difference:.3f} with probability 0.8"
    return f"{text} and miss it otherwise, so this one may be real." if abs(observed) >= difference else f"{text}."


def headline(suite: Suite, ledger: Ledger | None = None) -> str:
    """Who has the highest mean over the suite, and from whom these seeds separate it."""
    tasks = suite.tasks(*suite.learners) if suite.learners else []
    found = leaders(suite, suite.learners, tasks, ledger) if tasks else None
    if found is None or found.table.empty:
        alone = f"Nothing is compared: {names(suite.present)} have no task in common, or there is only one."
        return divergence.nothing_compared(suite) or alone
    mean = float(suite.final(found.best, tasks).to_numpy(float).mean())
    where = f"over {len(tasks)} tasks" if len(tasks) > 1 else f"on {tasks[0]}"
    return " ".join(_leader(found, f"`{found.best}` has the highest mean {suite.unit} {where} ({mean:.2f})"))


def _leader(found: Leaders, head: str) -> list[str]:
    """The sentences of a headline, which begins with `head`."""
    seeds = int(found.table["seeds"].min())
    if not found.possible:
        return [f"{head}.", f"{counted(seeds)} cannot separate it from any other variant."]
    better = _better(found)
    if not found.others:
        return [f"{head} and {better}."]
    text = [f"{head}.", f"{counted(seeds)} do not separate it from {names(found.others)}."]
    if (limit := found.detectable) == limit:
        text.append(f"A true difference of {limit:.2f} would be detected with probability 0.8.")
    return [*text, f"It {better}."] if better else text


def _better(found: Leaders) -> str:
    """Than whom the leader is shown to be better, and by how much at least; empty where than nobody."""
    beaten = found.beaten
    if beaten.empty:
        return ""
    which = names([*beaten["variant"]])
    if len(beaten) > 1 and not found.others:
        which = f"all {len(beaten)} others"
    elif len(beaten) > NAMED:
        which = f"{len(beaten)} others"
    return f"is shown to be better than {which}{at_least(beaten)}"


def at_least(beaten: pd.DataFrame) -> str:
    """The smallest of the simultaneous lower bounds; empty where a difference does not vary."""
    bounds = beaten["at_least"]
    if bounds.isna().any():
        return ""
    places = 2 if (least := float(bounds.min())) >= 0.1 else 3
    text = f"{np.floor(least * 10**places) / 10**places:.{places}f}"  # a bound is rounded down
    return f", {'each ' if len(beaten) > 1 else ''}by at least {text}" if float(text) > 0 else ""


def of_pairs(table: pd.DataFrame, unit: str = "normalised score", by_task: pd.DataFrame | None = None) -> list[str]:
    """One or two sentences a pair of pairs.suite_table, whose scores are in `unit`.

    by_task  pairs.task_table of them, which names the tasks where both are one run
    """
    return [_of_pair(row, unit, _on_tasks(row, by_task)) for row in table.to_dict("records")]


def _of_pair(row: dict[Any, Any], unit: str, tasks: str) -> str:
    pair = f"`{row['variant']}` against `{row['against']}`"
    if row["identical"] == row["tasks"]:
        where = f"on all {row['tasks']} tasks" if row["tasks"] > 1 else "on its task"
        return f"{pair}: identical {where}, at every checkpoint of every shared seed."
    if row["p_holm"] < LEVEL:
        word = "gains" if row["difference"] > 0 else "loses"
        return f"{pair} {word} {row['difference']:+.3f} of the {unit} ({_tested(row)}), {tasks}."
    if row["low"] == row["high"] == row["difference"] == 0 and row.get("lost"):
        return f"{pair}: no difference is shown, but the two lost other runs, and a lost run counts as the worst."
    if row["low"] == row["high"] == row["difference"] == 0:
        return f"{pair}: the mean {unit} is the same in every run."
    if row["least_p"] >= LEVEL:
        family = f" among {row['of']} comparisons" if row["of"] > 1 else ""
        return f"{pair}: {change(row)}. {counted(row['seeds'])} cannot show a difference{family}."
    text = f"{pair}: no difference is shown, {row['difference']:+.3f} ({_tested(row)}), {tasks}."
    return f"{text} {detects(row['seeds'], row['detectable'], row['difference'])}".rstrip()


def _tested(row: dict[Any, Any]) -> str:
    """p 0.002, corrected over 9 comparisons (rungs); uncorrected interval [+0.150, +0.270]"""
    family = f", corrected over {row['of']} comparisons" if row["of"] > 1 else ""
    family += f" ({row['family']})" if row["family"] else ""
    interval = change(row).partition(" ")[2].removeprefix("(").removesuffix(")")
    return f"p {row['p_holm']:.3g}{family}; {'uncorrected interval ' if '[' in interval else ''}{interval}"


def _on_tasks(row: Any, by_task: pd.DataFrame | None = None) -> str:
    """better on 3 of 8 tasks, shown on 1, a loss shown on 1, identical on 2 (bandit/medium, lock/medium), tied on 1"""
    of = by_task if by_task is None else by_task[_rows_of(row, by_task)]
    parts = [f"better on {row['better']} of {row['tasks']} tasks"]
    if row["p_holm"] < LEVEL and row["difference"] > 0:
        losses = 0 if of is None else int(((of["p_holm"] < LEVEL) & (of["difference"] < 0)).sum())
        parts.append(f"shown on {row['shown'] - losses}")
        parts += [f"a loss shown on {losses}"] if losses else []
    if row["identical"]:
        same = [] if of is None else [str(task) for task in of["task"][of["identical"] == "yes"]]
        parts.append(f"identical on {row['identical']}" + (f" ({listed_tasks(same)})" if same else ""))
    if row["tied"]:
        parts.append(f"tied on {row['tied']}")
    return ", ".join(parts)


def _rows_of(row: Any, by_task: pd.DataFrame) -> pd.Series:
    return (by_task["variant"] == row["variant"]) & (by_task["against"] == row["against"])


def listed_tasks(tasks: Sequence[str]) -> str:
    """The first tasks by name, and how many more there are."""
    more = len(tasks) - NAMED_TASKS
    return ", ".join(tasks[:NAMED_TASKS]) + (f" and {more} more" if more > 0 else "")


def of_sweep(table: pd.DataFrame, label: str) -> list[str]:
    """One sentence a line of a sweep: which scores the knob changes, and for whom no change is shown."""
    sentences = []
    for line, rows in table.groupby("line", sort=False) if "line" in table else [("", table)]:
        first = rows.iloc[0]
        moved = rows[rows["p_holm"] < LEVEL].sort_values("difference")
        listed = [f"`{r['variant']}` by {change(r)}" for r in moved.head(NAMED).to_dict("records")]
        more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
        head = f"{str(line).capitalize()}: from" if line else "From"
        text = f"{head} {first['from']} to {first['to']} ({label})"
        still = [str(v) for v in rows[rows["p_holm"] >= LEVEL]["variant"]]
        if listed:
            text += f" the score changes for {', '.join(listed)}{more} (uncorrected 95 % intervals)"
            text += f"; no change is shown for {names(still)}" if still else ""
        elif (rows["least_p"] >= LEVEL).all():
            text += f" no change can be shown: {int(first['seeds'])} seeds are too few for {len(table)} comparisons"
        else:
            text += f" no change of the score is shown for {names(still)}"
        sentences.append(f"{text}.")
    return sentences


def too_few(table: pd.DataFrame) -> str:
    """Why nothing in a family of comparisons could have been shown; empty where something could."""
    if table.empty or (least := float(table["least_p"].min())) < LEVEL:
        return ""
    size = int(table["of"].min()) if "of" in table else len(table)
    return (
        f"{counted(int(table['seeds'].max()))} and {size} comparisons: the smallest corrected p is {least:.3g}, so no "
        "difference can be shown. Use more seeds or compare fewer variants."
    )


def few_seeds(seeds: int, enough: int) -> str:
    """What too few seeds cannot say; empty where there are enough."""
    if seeds >= enough:
        return ""
    return (
        f"{counted(seeds)}: the smallest two-sided p of a paired test is {min(1.0, stats.smallest_p(seeds)):.3g}. "
        f"Differences that are not shown here may be real; use {enough} seeds or more."
    )

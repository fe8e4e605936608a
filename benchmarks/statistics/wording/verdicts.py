"""Sentences about tables. A difference is claimed only where the corrected test shows it.

Where a family of comparisons could not have shown any difference, a sentence says that and nothing else. Where it could
and did not, it says which true difference would be detected with probability .8, at the level that was tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import divergence
from benchmarks.statistics import tests as stats
from benchmarks.statistics.best import Leaders, leaders
from benchmarks.statistics.comparisons import LEVEL
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.wording.phrases import DIGITS, amount, counted
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


def spelled(seeds: int) -> str:
    """`Ten seeds`, to begin a sentence."""
    return f"{WORDS[seeds] if seeds < len(WORDS) else seeds} seed{'' if seeds == 1 else 's'}"


def seeds_of(rows: pd.DataFrame) -> str:
    """`Ten seeds`, or `1 to 10 seeds` where comparisons differ."""
    low, high = int(rows["seeds"].min()), int(rows["seeds"].max())
    return spelled(low) if low == high else f"{low} to {high} seeds"


def one_seed(rows: pd.DataFrame) -> bool:
    """Whether each of the comparisons is of one seed: the verb is in the singular."""
    return int(rows["seeds"].max()) == 1


def is_raw(unit: str) -> bool:
    """Whether scores in this unit are returns, of any magnitude."""
    return "normalised" not in unit


def scale_of(row: Any) -> float:
    """The larger of a difference and of half its interval: what the digits of both are counted from."""
    half = (row["high"] - row["low"]) / 2
    return max(abs(row["difference"]), half if half == half else 0.0)


def change(row: Any, raw: bool = False) -> str:
    """+0.210 [+0.150, +0.270], with the interval left out where there is none or it has no width."""
    low, high = row["low"], row["high"]
    difference, *bounds = (amount(x, 3, raw, scale_of(row), "+") for x in (row["difference"], low, high))
    if low != low:
        return f"{difference} (too few runs for an interval)"
    if low == high:
        return f"{difference} (no variation, so no interval)"
    return f"{difference} [{', '.join(bounds)}]"


def detects(seeds: int, difference: float, observed: float = 0.0, raw: bool = False) -> str:
    """What so many seeds detect; nothing where the differences do not vary, so that it cannot be estimated.

    A difference that was observed, is as large as the detectable one and is not shown is no contradiction: it happens in
    one of five samples of a true difference of that size. The sentence says so.
    """
    if difference != difference:
        return ""
    verb = "detects" if seeds == 1 else "detect"
    text = f"{spelled(seeds)} {verb} a true difference of {amount(difference, 3, raw)} with probability 0.8"
    return f"{text} and miss it otherwise, so this one may be real." if abs(observed) >= difference else f"{text}."


def headline(suite: Suite, ledger: Ledger | None = None) -> str:
    """Who has the highest mean over the suite, and from whom these seeds separate it."""
    tasks = suite.tasks(*suite.learners) if suite.learners else []
    found = leaders(suite, suite.learners, tasks, ledger) if tasks else None
    if found is None or found.table.empty:
        return divergence.nothing_compared(suite) or f"Nothing is compared: {_why_nothing(suite, found)}."
    mean = float(suite.final(found.best, tasks).to_numpy(float).mean())
    where = f"over {len(tasks)} tasks" if len(tasks) > 1 else f"on {tasks[0]}"
    among = "" if found.highest else "Among those compared, "
    head = f"{among}`{found.best}` has the highest mean {suite.unit} {where} ({mean_of(found, mean, suite)})"
    return " ".join([*_leader(found, head, is_raw(suite.unit)), *apart(found)])


def mean_of(found: Leaders, mean: float, suite: Suite) -> str:
    """The leader's mean, with digits enough to tell it from its rivals'."""
    sizes = [x for x in (abs(mean), *found.table["difference"].abs()) if x > 0]
    return amount(mean, 2, is_raw(suite.unit), min(sizes, default=0.0))


def _why_nothing(suite: Suite, found: Leaders | None) -> str:
    if found is None or not found.apart:
        return f"{names(suite.present)} have no task in common, or there is only one"
    return why_none_compared(suite, [found.best, *found.apart])


def why_none_compared(suite: Suite, variants: Sequence[str]) -> str:
    """Why no two of some variants that have scores on the same tasks can be compared."""
    if not {*variants} & suite.imported:
        return f"{names(variants)} share no seeds"
    return f"{names(variants)} have one run each or share no seeds"


def apart(found: Leaders) -> list[str]:
    """Who is not compared with the leader, and why: a sentence a reason."""
    by_reason: dict[str, list[str]] = {}
    for variant, why in found.apart.items():
        by_reason.setdefault(why, []).append(variant)
    said = []
    for why, variants in by_reason.items():
        verb, _, rest = why.partition(" ")
        many = {"has": "have", "is": "are", "shares": "share"}[verb]
        rest = rest.replace("one run and is not", "one run each and are not") if len(variants) > 1 else rest
        said.append(f"{names(variants)} {verb if len(variants) == 1 else many} {rest}.")
    return said


def _open(found: Leaders) -> pd.DataFrame:
    return found.table[found.table["variant"].isin(found.others)]


def _leader(found: Leaders, head: str, raw: bool) -> list[str]:
    """The sentences of a headline, which begins with `head`."""
    if not found.possible:
        which = "any other variant" if len(found.others) > 1 or not found.apart else names(found.others)
        return [f"{head}.", f"{seeds_of(found.table)} cannot separate it from {which}."]
    better = _better(found, raw)
    if not found.others:
        return [f"{head} and {better}."]
    seeds, verb = seeds_of(_open(found)), "does" if one_seed(_open(found)) else "do"
    text = [f"{head}.", f"{seeds} {verb} not separate it from {names(found.others)}."]
    if (limit := found.detectable) == limit:
        text.append(f"A true difference of {amount(limit, 2, raw)} would be detected with probability 0.8.")
    if not better:
        return text
    of_beaten = seeds_of(found.beaten)
    return [*text, f"It {better}{f' ({of_beaten.lower()})' if of_beaten != seeds else ''}."]


def _better(found: Leaders, raw: bool) -> str:
    """Than whom the leader is shown to be better, and by how much at least; empty where than nobody."""
    beaten = found.beaten
    if beaten.empty:
        return ""
    which = names([*beaten["variant"]])
    if len(beaten) > 1 and not found.others and not found.apart:
        which = f"all {len(beaten)} others"
    elif len(beaten) > NAMED:
        which = f"{len(beaten)} others"
    return f"is shown to be better than {which}{at_least(beaten, raw)}"


def at_least(beaten: pd.DataFrame, raw: bool = False) -> str:
    """The smallest of the simultaneous lower bounds; empty where a difference does not vary."""
    bounds = beaten["at_least"]
    if bounds.isna().any():
        return ""
    places = 2 if (least := float(bounds.min())) >= 0.1 else 3
    if raw and least > 0:
        places = DIGITS - 1 - int(np.floor(np.log10(least)))
    down = float(np.floor(least * 10.0**places) / 10.0**places)  # a bound is rounded down
    text = amount(down, places, raw)
    return f", {'each ' if len(beaten) > 1 else ''}by at least {text}" if float(text) > 0 else ""


def of_pairs(table: pd.DataFrame, unit: str = "normalised score", by_task: pd.DataFrame | None = None) -> list[str]:
    """One or two sentences a pair of pairs.suite_table, whose scores are in `unit`.

    by_task  pairs.task_table of them, which names the tasks where both are one run
    """
    return [_of_pair(row, unit, _on_tasks(row, by_task)) for row in table.to_dict("records")]


def _of_pair(row: dict[Any, Any], unit: str, tasks: str) -> str:
    pair, raw = f"`{row['variant']}` against `{row['against']}`", is_raw(unit)
    tasks = f", {tasks}" if tasks else ""
    if row["identical"] == row["tasks"]:
        where = f"on all {row['tasks']} tasks" if row["tasks"] > 1 else "on its task"
        return f"{pair}: identical {where}, at every checkpoint of every shared seed."
    if row["p_holm"] < LEVEL:
        word, sign = ("gains", "+") if row["difference"] > 0 else ("loses", "")
        size = amount(abs(row["difference"]), 3, raw, scale_of(row), sign)
        return f"{pair} {word} {size} of the {unit} ({_tested(row, raw)}){tasks}."
    if row["low"] == row["high"] == row["difference"] == 0 and row.get("lost"):
        return f"{pair}: no difference is shown, but the two lost other runs, and a lost run counts as the worst."
    if row["low"] == row["high"] == row["difference"] == 0:
        return f"{pair}: the mean {unit} is the same in every run."
    if row["least_p"] >= LEVEL:
        family = f" among {row['of']} comparisons" if row["of"] > 1 else ""
        return f"{pair}: {change(row, raw)}. {spelled(row['seeds'])} cannot show a difference{family}."
    size = amount(row["difference"], 3, raw, scale_of(row), "+")
    text = f"{pair}: no difference is shown, {size} ({_tested(row, raw)}){tasks}."
    return f"{text} {detects(row['seeds'], row['detectable'], row['difference'], raw)}".rstrip()


def _tested(row: dict[Any, Any], raw: bool) -> str:
    """p 0.002, corrected over 9 comparisons (rungs); uncorrected interval [+0.150, +0.270]"""
    family = f", corrected over {row['of']} comparisons" if row["of"] > 1 else ""
    family += f" ({row['family']})" if row["family"] else ""
    interval = change(row, raw).partition(" ")[2].removeprefix("(").removesuffix(")")
    return f"p {row['p_holm']:.3g}{family}; {'uncorrected interval ' if '[' in interval else ''}{interval}"


def _on_tasks(row: Any, by_task: pd.DataFrame | None = None) -> str:
    """better on 3 of 8 tasks, shown on 1, a loss shown on 1, identical on 2 (bandit/medium, lock/medium), tied on 1"""
    of = by_task if by_task is None else by_task[_rows_of(row, by_task)]
    parts = [f"better on {row['better']} of {row['tasks']} tasks"]
    if row["tasks"] == 1:
        parts = ["better on its task"] if row["better"] else []
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
            text += f" no change can be shown: {counted(int(first['seeds']), 'seed')} "
            text += f"{'is' if first['seeds'] == 1 else 'are'} too few for {counted(len(table), 'comparison')}"
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
        f"{spelled(int(table['seeds'].max()))} and {counted(size, 'comparison')}: the smallest corrected p is {least:.3g}, "
        "so no difference can be shown. Use more seeds or compare fewer variants."
    )


def few_seeds(seeds: int, enough: int) -> str:
    """What too few seeds cannot say; empty where there are enough."""
    if seeds >= enough:
        return ""
    return (
        f"{spelled(seeds)}: the smallest two-sided p of a paired test is {min(1.0, stats.smallest_p(seeds)):.3g}. "
        f"Differences that are not shown here may be real; use {enough} seeds or more."
    )

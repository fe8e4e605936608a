"""Sentences that tables say: none names a winner that the corrected test does not support."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmarks import divergence, pairs, stats
from benchmarks.pairs import LEVEL
from benchmarks.suite import Suite

NAMED = 6  # variants that a sentence lists by name


def names(variants: Sequence[str]) -> str:
    """`a`, `b` and 3 more"""
    told = [f"`{v}`" for v in variants[:NAMED]]
    more = len(variants) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def change(row: Any) -> str:
    """+0.210 [+0.150, +0.270]"""
    return f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"


def headline(suite: Suite) -> str:
    """Who is best over the suite, and whether these seeds show it: one sentence."""
    tasks = suite.tasks(*suite.learners) if suite.learners else []
    found = pairs.leaders(suite, suite.learners, tasks) if tasks else None
    if found is None or found.table.empty:
        alone = f"Nothing is compared here: {names(suite.present)} have no task in common or stand alone."
        return divergence.nothing_compared(suite) or alone
    mean = float(suite.final(found.best, tasks).to_numpy(float).mean())
    where = f"over {len(tasks)} tasks" if len(tasks) > 1 else f"on {tasks[0]}"
    unit = "score" if suite.normalised else "return"
    head = f"`{found.best}` has the highest mean {unit} {where}, {mean:.2f}"
    rivals, seeds = len(found.table), int(found.table["seeds"].min())
    if (least := pairs.least_p_best(seeds, rivals)) > LEVEL and found.table["test"].eq("sign-flip").all():
        return f"{head}, but {seeds} seeds cannot show it: the smallest corrected p they can reach is {least:.3g}."
    if not found.others:
        nearest = found.table.iloc[0]
        text = f"{head}, and is shown to be the best of {rivals + 1}"
        return f"{text} (nearest: `{nearest['variant']}`, {change(nearest)}, p {nearest['p_best']:.2g})."
    limit = float(found.table["detectable"][found.table["variant"].isin(found.others)].max())
    beaten = [str(v) for v in found.table["variant"] if v not in found.others]
    out = f"ruled out: {names(beaten)}" if beaten else "none is ruled out"
    return (
        f"{head}, but {seeds} seeds do not show that it is the best: {names(found.others)} may be as good or better ({out}; "
        f"a difference of {limit:.2f} would have been shown four times in five)."
    )


def of_pairs(table: pd.DataFrame, unit: str = "normalised score") -> list[str]:
    """One sentence a pair; `unit` is that of the differences."""
    said = []
    for row in table.to_dict("records"):
        pair = f"`{row['variant']}` against `{row['against']}`"
        shown = f", shown on {row['shown']}" if row["p_holm"] < LEVEL else ""
        tasks = f"better on {row['better']} of {row['tasks']} tasks{shown if row['difference'] > 0 else ''}"
        if row["p_holm"] < LEVEL:
            word = "gains" if row["difference"] > 0 else "loses"
            said.append(f"{pair} {word} {change(row)} of the {unit} (p {row['p_holm']:.3g}, {tasks}).")
        else:
            limit = f"these {row['seeds']} seeds would have shown {row['detectable']:.3f} four times in five"
            said.append(f"{pair}: no difference shown, {change(row)} (p {row['p_holm']:.3g}, {tasks}); {limit}.")
    return said


def of_sweep(table: pd.DataFrame, label: str) -> list[str]:
    """One sentence a line of a sweep: whom the knob moves, and for whom no change is shown."""
    said = []
    for line, rows in table.groupby("line", sort=False) if "line" in table else [("", table)]:
        first = rows.iloc[0]
        moved = rows[rows["p_holm"] < LEVEL].sort_values("difference")
        told = [f"`{r['variant']}` by {change(r)}" for r in moved.head(NAMED).to_dict("records")]
        more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
        head = f"{str(line).capitalize()}: from" if line else "From"
        text = f"{head} {first['from']} to {first['to']} ({label}) the score moves"
        text += f" for {', '.join(told)}{more}" if told else " for none that these seeds can show"
        still = [str(v) for v in rows[rows["p_holm"] >= LEVEL]["variant"]]
        said.append(f"{text}; no change shown for {names(still)}." if still and told else f"{text}.")
    return said


def too_few(table: pd.DataFrame) -> str:
    """Why nothing in a family of comparisons could have been shown; empty where something could."""
    exact = table[table["test"] == "sign-flip"] if len(table) else table
    if exact.empty or len(exact) < len(table):
        return ""
    seeds, least = int(exact["seeds"].max()), pairs.least_p(int(exact["seeds"].max()), len(table))
    if least <= LEVEL:
        return ""
    return (
        f"{seeds} seeds and {len(table)} comparisons: corrected for their number, the smallest p of a paired test is "
        f"{least:.3g}, so that no difference can be shown here. Use more seeds, or compare fewer variants."
    )


def few_seeds(seeds: int, enough: int) -> str:
    """What too few seeds cannot say; empty where there are enough."""
    if seeds >= enough:
        return ""
    return (
        f"{seeds} seeds: the smallest two-sided p of a paired test is {stats.smallest_p(seeds):.3g}; "
        f"differences this report does not show may still be real. Use {enough} seeds or more."
    )

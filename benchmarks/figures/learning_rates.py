"""Scores against learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.figures.layout import grid, note
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import STYLE, line_styles


def rate_curves(
    table: pd.DataFrame, unit: str, normalised: bool, titles: Mapping[str, str] = MappingProxyType({})
) -> Figure:
    """One panel a task: score against learning rate, a line a variant, a ring at each variant's choice.

    titles  what tasks and variants are called, where not by their names
    """
    tasks, variants = list(dict.fromkeys(table["task"])), list(dict.fromkeys(table["variant"]))
    styles = line_styles(variants)
    with mpl.rc_context(STYLE):
        made = grid(len(tasks), 3, 1.4, least=1.7, sharey=normalised)
        for axis, task in zip(made.panels, tasks, strict=True):
            for variant in variants:
                rows = table[(table["task"] == task) & (table["variant"] == variant)]
                colour, dash, marker = styles[variant]
                axis.plot(
                    rows["learning_rate"], rows["score"], color=colour, ls=dash, lw=1.3, marker=marker, ms=2.6, mew=0
                )
                best = rows[rows["chosen"]].head(1)
                axis.plot(best["learning_rate"], best["score"], "o", mfc="none", mec=colour, ms=7)
            axis.set(xscale="log", title=titles.get(task, task))
            if normalised:
                axis.set_ylim(-0.1, 1.1)
        made.label("learning rate", f"{unit}, last fifth of the budget")
        line_legend(made.figure, variants, "", variants, {}, titles)
        note(made.figure, "a ring: the rate that is chosen")
    return made.figure

"""Scores against learning rates."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.figures.layout import constrained_grid
from benchmarks.figures.style import STYLE, line_styles


def rate_curves(table: pd.DataFrame, unit: str, normalised: bool) -> Figure:
    """One panel a task: score against learning rate, a line a variant, a ring at each variant's choice."""
    tasks, variants = list(dict.fromkeys(table["task"])), list(dict.fromkeys(table["variant"]))
    styles = line_styles(variants)
    with mpl.rc_context(STYLE):
        panels = constrained_grid(len(tasks), 3, (3.4, 2.5), 1.0, least=0.0)
        for axis, task in zip(panels.panels, tasks, strict=True):
            for variant in variants:
                rows = table[(table["task"] == task) & (table["variant"] == variant)]
                colour, dash, _ = styles[variant]
                axis.plot(rows["learning_rate"], rows["score"], color=colour, ls=dash, lw=1.4, marker=".")
                best = rows[rows["chosen"]].head(1)
                axis.plot(best["learning_rate"], best["score"], "o", mfc="none", mec=colour, ms=8)
            axis.set(xscale="log", title=task)
            if normalised:
                axis.set_ylim(-0.1, 1.1)
        panels.figure.supxlabel("learning rate", fontsize=9)
        panels.figure.supylabel(f"{unit}, last fifth", fontsize=9)
        handles = [mpl.lines.Line2D([], [], color=styles[v].colour, ls=styles[v].dash, label=v) for v in variants]
        panels.figure.legend(handles=handles, loc="outside upper center", ncols=min(6, 2 * min(3, len(tasks))))
    return panels.figure

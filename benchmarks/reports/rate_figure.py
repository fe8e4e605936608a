"""The figure of a report of learning rates: score against rate."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from benchmarks import figures

NORMALISED = "normalised score"


def rate_curves(table: pd.DataFrame, unit: str = NORMALISED) -> Figure:
    """One panel a task: score against learning rate, a line a variant, a ring at each variant's choice."""
    tasks, variants = list(dict.fromkeys(table["task"])), list(dict.fromkeys(table["variant"]))
    styles = figures.line_styles(variants)
    columns = min(3, len(tasks))
    height = -(-len(tasks) // columns)
    with mpl.rc_context(figures.STYLE):
        figure = Figure(figsize=(3.4 * columns, 2.5 * height + 1.0), layout="constrained")
        axes = list(figure.subplots(height, columns, squeeze=False).flat)
        for axis, task in zip(axes, tasks, strict=False):
            for variant in variants:
                rows = table[(table["task"] == task) & (table["variant"] == variant)]
                colour, dash = styles[variant]
                axis.plot(rows["learning_rate"], rows["score"], color=colour, ls=dash, lw=1.4, marker=".")
                best = rows[rows["chosen"]].head(1)
                axis.plot(best["learning_rate"], best["score"], "o", mfc="none", mec=colour, ms=8)
            axis.set(xscale="log", title=task)
            if unit == NORMALISED:
                axis.set_ylim(-0.1, 1.1)
        for axis in axes[len(tasks) :]:
            axis.set_visible(False)
        figure.supxlabel("learning rate", fontsize=9)
        figure.supylabel(f"{unit}, last fifth", fontsize=9)
        handles = [mpl.lines.Line2D([], [], color=styles[v][0], ls=styles[v][1], label=v) for v in variants]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(6, 2 * columns))
    return figure

"""Importances of fields, as a map or as bars."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import LETTER, PAGE_WIDTH, Margins, mark_legend, page_grid, round_ticks
from benchmarks.figures.style import GAIN, STYLE
from benchmarks.tuning.summary.summary import Summary

ROW, GAP, MARGIN = 0.27, 0.45, 0.3  # inches: a row of a map, between two maps, above the first
FILLED: dict[str, Any] = {"marker": "s", "ls": "none", "ms": 7}


def draw_importance_map(summary: Summary) -> Figure:
    """Mean shares, variants x fields (and tasks x fields), the most important field first."""
    maps = _maps(summary)
    left = 0.25 + LETTER * max(len(str(name)) for table in maps.values() for name in table.index)
    bottom_margin = 0.35 + 0.75 * LETTER * max(len(str(c)) for c in next(iter(maps.values())).columns)
    tall = max(MARGIN + sum(ROW * len(table) + GAP for table in maps.values()) - GAP, 1.2) + bottom_margin
    highest = max(float(np.nanmax(table.to_numpy(float))) for table in maps.values())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, tall))
        y = tall - MARGIN
        for i, (name, table) in enumerate(maps.items()):
            y -= ROW * len(table)
            axis = figure.add_axes((left / PAGE_WIDTH, y / tall, 0.86 - left / PAGE_WIDTH, ROW * len(table) / tall))
            _heatmap(axis, table, highest, last=i == len(maps) - 1)
            axis.set_title(name, fontsize=8)
            y -= GAP
        bar = figure.add_axes(
            (0.885, bottom_margin / tall, 0.018, max(min(1.6, tall - MARGIN - bottom_margin), 0.8) / tall)
        )
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, highest), "cividis")
        figure.colorbar(scale, cax=bar).ax.tick_params(labelsize=7)
        bar.set_ylabel("share", fontsize=8)
        bar.yaxis.set_major_locator(round_ticks())
    return figure


def _maps(summary: Summary) -> dict[str, pd.DataFrame]:
    """Title -> shares, rows x fields: by variant and by task, where there are several of them; at least one."""
    short = {name: parameter.short for name, parameter in summary.parameters.items()}
    rows_and_means = ((1, summary.variants, summary.tasks, "tasks"), (0, summary.tasks, summary.variants, "variants"))
    maps = [
        (f"mean of the {kind}" if len(over) > 1 else over[0], summary.mean_shares(axis).rename(columns=short))
        for axis, rows, over, kind in rows_and_means
        if len(rows) > 1
    ]
    return dict([pair for pair in maps if len(pair[1]) > 1] or maps[:1])


def _heatmap(axis: Axes, table: pd.DataFrame, highest: float, last: bool) -> None:
    axis.set_facecolor("0.95")
    sns.heatmap(table, cmap="cividis", vmin=0, vmax=highest, ax=axis, cbar=False, linewidths=0.6, linecolor="white")
    for (i, j), value in np.ndenumerate(table.to_numpy(float)):
        text = "-" if value != value else f"{value:.2f}".removeprefix("0")
        colour = "0.5" if value != value else "white" if value < 0.5 * highest else "black"
        axis.annotate(text, (j + 0.5, i + 0.5), ha="center", va="center", color=colour, fontsize=7)
    axis.set(xlabel="", ylabel="")
    axis.set_yticklabels([str(n) for n in table.index], rotation=0, fontsize=7)
    axis.tick_params(length=0)
    if last:
        axis.set_xticklabels([str(n) for n in table.columns], rotation=40, ha="right", fontsize=7.5)
    else:
        axis.set_xticklabels([])


def draw_importance_bars(summary: Summary) -> Figure:
    """One study: a bar a field, filled where its share is above chance."""
    (importance,) = summary.importances.values()
    names = sorted(importance.shares, key=importance.shares.__getitem__)
    labels = [summary.parameters[name].label for name in names]
    with mpl.rc_context(STYLE):
        left = 0.25 + LETTER * max(map(len, labels))
        made = page_grid(1, 1, 0.26 * len(names) + 0.1, Margins(left=left, top=0.45, right=0.6))
        (axis,) = made.panels
        for y, name in enumerate(names):
            share, above = importance.shares[name], name in importance.above_chance
            axis.barh(y, share, height=0.66, color=GAIN if above else "white", ec=GAIN if above else "0.5")
            axis.annotate(f" {share:.2f}", (share, y), va="center", fontsize=7.5)
        axis.set_yticks(range(len(names)), labels, fontsize=8)
        axis.set_xlim(0, 1.1 * max(importance.shares.values()))
        made.label("share of the importance", bottom=0.08)
        mark_legend(made.figure, {"more than in every shuffle of the scores": {**FILLED, "color": GAIN},
                                  "no more than chance": {**FILLED, "mfc": "white", "color": "0.5"}})  # fmt: skip
    return made.figure

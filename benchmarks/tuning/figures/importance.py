"""Importances of fields, as a map or as bars."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.figures.layout import grid, name_rows, stack
from benchmarks.figures.parts.cells import CELL, draw_cells
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.style import GAIN, SMALL, STYLE
from benchmarks.tuning.summary.summary import Summary

FILLED: dict[str, Any] = {"marker": "s", "ls": "none", "ms": 6}


def draw_importance_map(summary: Summary) -> Figure:
    """Mean shares, variants x fields (and tasks x fields), the most important field first."""
    maps = _maps(summary)
    highest = max(float(np.nanmax(table.to_numpy(float))) for table in maps.values())
    with mpl.rc_context(STYLE):
        made = stack([CELL * len(table) for table in maps.values()])
        for i, (axis, (name, table)) in enumerate(zip(made.panels, maps.items(), strict=True)):
            shares = table.to_numpy(float)
            texts = [["-" if x != x else f"{x:.2f}".removeprefix("0") for x in row] for row in shares]
            rows = [summary.titles.get(str(n), str(n)) for n in table.index]
            draw_cells(axis, shares, (rows, [str(c) for c in table.columns]), texts, ("cividis", 0.0, highest))
            axis.tick_params(labelbottom=i == len(maps) - 1)
            axis.set_title(name)
    return made.figure


def _maps(summary: Summary) -> dict[str, pd.DataFrame]:
    """Title -> shares, rows x fields: by variant and by task, where there are several of them; at least one."""
    short = {name: parameter.short for name, parameter in summary.parameters.items()}
    rows_and_means = ((1, summary.variants, summary.tasks, "tasks"), (0, summary.tasks, summary.variants, "variants"))
    maps = [
        (
            f"mean of the {kind}" if len(over) > 1 else summary.titles[over[0]],
            summary.mean_shares(axis).rename(columns=short),
        )
        for axis, rows, over, kind in rows_and_means
        if len(rows) > 1
    ]
    return dict([pair for pair in maps if len(pair[1]) > 1] or maps[:1])


def draw_importance_bars(summary: Summary) -> Figure:
    """One study: a bar a field, filled where its share is above chance."""
    (importance,) = summary.importances.values()
    names = sorted(importance.shares, key=importance.shares.__getitem__, reverse=True)
    labels = [summary.parameters[name].label for name in names]
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 0.22 * len(names) + 0.1)
        (axis,) = made.panels
        for y, name in enumerate(names):
            share, above = importance.shares[name], name in importance.above_chance
            axis.barh(y, share, height=0.66, color=GAIN if above else "white", ec=GAIN if above else "0.5")
            axis.annotate(f" {share:.2f}", (share, y), va="center", fontsize=SMALL)
        name_rows(axis, labels)
        axis.set_xlim(0, 1.1 * max(importance.shares.values()))
        made.label("share of the importance")
        mark_legend(made.figure, {"more than in every shuffle of the scores": {**FILLED, "color": GAIN},
                                  "no more than chance": {**FILLED, "mfc": "white", "color": "0.5"}})  # fmt: skip
    return made.figure

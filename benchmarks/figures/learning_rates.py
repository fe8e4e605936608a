"""Scores against learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.figures.layout import LINES_A_PANEL, grid, longest_inches, note
from benchmarks.figures.parts.cells import AIR, CELL, draw_cells, number_text
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import STYLE, line_styles

MOST_LINES = 2 * LINES_A_PANEL


def rate_curves(
    table: pd.DataFrame, unit: str, normalised: bool, titles: Mapping[str, str] = MappingProxyType({})
) -> Figure:
    """One panel a task: score against learning rate, a line a variant, a ring at each variant's choice.

    More variants than lines that can be told apart are the rows of `rate_cells`.

    titles  what tasks and variants are called, where not by their names
    """
    tasks, variants = list(dict.fromkeys(table["task"])), list(dict.fromkeys(table["variant"]))
    if len(variants) > MOST_LINES:
        return rate_cells(table, unit, normalised, titles)
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


def rate_cells(
    table: pd.DataFrame, unit: str, normalised: bool, titles: Mapping[str, str] = MappingProxyType({})
) -> Figure:
    """One panel a task: a row a variant, a column a rate, the score in each cell, a frame around each variant's choice.

    The variants with the highest mean over the tasks, each at its choices, come first.
    """
    tasks, rates = list(dict.fromkeys(table["task"])), sorted(set(table["learning_rate"]))
    chosen = table[table["chosen"]].drop_duplicates(["task", "variant"])
    means = chosen.groupby("variant", sort=False)["score"].mean().reindex(list(dict.fromkeys(table["variant"])))
    order = list(means.sort_values(ascending=False, kind="stable", na_position="last").index)
    names = [titles.get(v, v) for v in order]
    by_task = {
        t: table[table["task"] == t].pivot(index="variant", columns="learning_rate", values="score") for t in tasks
    }
    scores = {t: wide.reindex(index=order, columns=rates).to_numpy(float) for t, wide in by_task.items()}
    texts = {t: [[number_text(x, normalised) for x in line] for line in score] for t, score in scores.items()}
    heads = [f"{rate:g}" for rate in rates]
    cell = longest_inches([*(text for of in texts.values() for line in of for text in line), "0.00"]) + 2 * AIR
    room = figure_width() - min(longest_inches(names), 0.4 * figure_width()) - 0.3
    columns = max(1, min(len(tasks), int(room / (cell * len(rates) + 0.1))))
    with mpl.rc_context(STYLE):
        made = grid(len(tasks), columns, CELL * len(order), least=cell * len(rates))
        for i, (axis, task) in enumerate(zip(made.panels, tasks, strict=True)):
            score = scores[task]
            ends = (0.0, 1.0) if normalised else (float(np.nanmin(score)), float(np.nanmax(score)))
            draw_cells(axis, score, (names, heads), texts[task], ("cividis", *ends))
            if i % columns:
                axis.set_yticklabels([])
            for variant, rate in chosen[chosen["task"] == task][["variant", "learning_rate"]].itertuples(index=False):
                corner = (rates.index(rate), order.index(variant))
                axis.add_patch(mpl.patches.Rectangle(corner, 1, 1, fill=False, ec="#D55E00", lw=1.6, zorder=3))
            axis.set_title(titles.get(task, task))
        made.label("learning rate")
        note(made.figure, f"{unit}, last fifth of the budget; a frame: the rate that is chosen")
    return made.figure

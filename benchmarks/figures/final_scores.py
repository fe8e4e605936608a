"""Figures of final scores: the suite at a glance, variants x tasks, differences of pairs, all pairs at once."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import (
    ROW,
    grid,
    label_axes,
    longest_inches,
    mark_on_interval,
    name_rows,
    note,
    row_chart,
    seed_dots,
)  # fmt: skip
from benchmarks.figures.parts.cells import AIR, CELL, columns_of_cells, draw_cells, number_text
from benchmarks.figures.parts.order import by_score, variants_by_score
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import GAIN, LOSS, SMALL, STYLE, UNSURE, line_styles
from benchmarks.statistics.tests import LEVEL
from benchmarks.store.suite import Suite
from envs.api import Doubles

MEASURES = {"Mean": ("mean", "low", "high"), "Interquartile mean": ("iqm", "iqm_low", "iqm_high")}
PANEL = 1.05  # inches of the narrower of two panels beside names


def aggregate(suite: Suite, table: pd.DataFrame, title: str) -> Figure:
    """The suite score of each variant, highest first: at the left the mean with a dot a seed, at the right the IQM.

    Variants have their colours and marks of the learning curves. References stand below the variants that learn, in grey.
    """
    rows = by_score(suite, table).to_dict("records")
    styles = line_styles(suite.present)
    with mpl.rc_context(STYLE):
        made = grid(2, 2, max(ROW * len(rows), 2 * ROW), least=PANEL, sharex=True, sharey=True)
        for axis, (heading, (measure, low, high)) in zip(made.panels, MEASURES.items(), strict=True):
            for y, row in enumerate(rows):
                learns = row["variant"] in suite.learners
                colour, mark = (
                    (styles[row["variant"]].colour, styles[row["variant"]].marker) if learns else (UNSURE, "o")
                )
                if measure == "mean":
                    dots = suite.final(row["variant"], suite.tasks(row["variant"])).mean(axis=1).to_numpy(float)
                    seed_dots(axis, dots, y, colour)
                mark_on_interval(axis, (row[measure], row[low], row[high]), y, colour, mark, learns)
            _line_above_references(axis, sum(row["variant"] in suite.learners for row in rows), len(rows))
            axis.set_title(heading)
        name_rows(made.panels[0], [suite.title(str(row["variant"])) for row in rows])
        for axis in made.panels:
            axis.grid(visible=False, axis="y")
            axis.tick_params(axis="y", length=0)
            axis.spines["left"].set_visible(False)
        label_axes(made.figure, suite.final_unit)
        note(made.figure, f"{title}; a dot: one seed's mean over its tasks; bars: 95 % intervals (t, bootstrap)")
    return made.figure


def _line_above_references(axis: Axes, learners: int, rows: int) -> None:
    if 0 < learners < rows:
        axis.axhline(learners - 0.5, color="0.8", lw=0.6, zorder=0)


def heat_map(suite: Suite, title: str) -> Figure:
    """Variants x tasks: mean final score; `-` where there is no mean, `xk` where k members diverged.

    Colours are of the score; of returns, from the lowest to the highest of each task. Variants with the highest mean over
    the tasks come first, references last. Tasks for which there is no room stand below.
    """
    order, tasks = variants_by_score(suite), list(suite.scales)
    scores, lost = np.full((len(order), len(tasks)), np.nan), np.zeros((len(order), len(tasks)), np.int64)
    for i, variant in enumerate(order):
        for j, task in enumerate(tasks):
            if (curve := suite.curves.get((task, variant))) is not None:
                scores[i, j], lost[i, j] = curve.score[-1].mean(), curve.diverged.sum()
    texts = [
        [number_text(x, suite.normalised, n) for x, n in zip(*row, strict=True)]
        for row in zip(scores, lost, strict=True)
    ]
    shade = scores if suite.normalised else _column_ranges(scores)
    names = [suite.title(v) for v in order]
    fit = columns_of_cells(names, [text for line in texts for text in line])
    bands = [slice(i, i + fit) for i in range(0, len(tasks), fit)]
    with mpl.rc_context(STYLE):
        made = grid(len(bands), 1, CELL * len(order))
        for axis, band in zip(made.panels, bands, strict=True):
            heads = [suite.title(task) for task in tasks[band]]
            draw_cells(axis, shade[:, band], (names, heads), [line[band] for line in texts], ("cividis", 0.0, 1.0))
        colours = "normalised score" if suite.normalised else "return, from the lowest to the highest of a task"
        note(made.figure, f"{title}; colours: {colours}")
    return made.figure


def _column_ranges(scores: Doubles) -> Doubles:
    """Each column from its lowest (0) to its highest (1); NaN stay, a column without spread is .5."""
    low, high = (extreme(np.where(np.isnan(scores), fill, scores), axis=0) for extreme, fill in
                 ((np.min, np.inf), (np.max, -np.inf)))  # fmt: skip
    spread = np.where(high > low, high - low, 1.0)
    return np.where(high > low, (scores - np.where(high > low, low, 0.0)) / spread, 0.5 + 0.0 * scores)


ALONE = "bar: 95 % interval of it alone; filled diamond: p < .05 after Holm"


def differences(suite: Suite, table: pd.DataFrame, word: str, title: str, marks: str = ALONE) -> Figure:
    """Each pair's difference of the suite mean: a dot a seed, the mean with its 95 % interval.

    Where all are compared with one variant the largest difference comes first; rungs of a ladder keep their order.
    marks  what bars and diamonds are, where the table's intervals and p are others
    """
    against = list(dict.fromkeys(table["against"]))
    if len(against) == 1:
        table = table.sort_values("difference", ascending=False, kind="stable", na_position="last")
    with mpl.rc_context(STYLE):
        figure, axis = row_chart(len(table))
        axis.axvline(0, color="0.5", lw=0.8)
        for y, row in enumerate(table.to_dict("records")):
            tasks = suite.tasks(row["variant"], row["against"])
            b, a = (suite.final(name, tasks).mean(axis=1) for name in (row["variant"], row["against"]))
            dots = (b - a).dropna().to_numpy(float) if row["test"] == "sign-flip" else np.zeros(0)
            sure = row["p_holm"] < LEVEL
            colour = UNSURE if not sure else (GAIN if row["difference"] > 0 else LOSS)
            seed_dots(axis, dots, y, colour, alpha=0.45)
            mark_on_interval(axis, (row["difference"], row["low"], row["high"]), y, colour, "D" if sure else "o", sure)
        names = [(suite.title(str(r["variant"])), suite.title(str(r["against"]))) for r in table.to_dict("records")]
        name_rows(axis, [a if len(against) == 1 else f"{a} ({word} {b})" for a, b in names], share=0.45)
        over = ", mean over tasks" if len(suite.scales) > 1 else ""
        than = f" ({word} {suite.title(against[0])})" if len(against) == 1 else ""
        label_axes(figure, f"difference of the {suite.unit}{over}{than}")  # as wide as the figure, not as the panel
        note(figure, f"{title}; a dot: a seed; {marks}")
    return figure


def _short(difference: float, normalised: bool) -> str:
    """+.21 of a normalised score, +12.3 of a return."""
    return f"{difference:+.2f}".replace("0.", ".") if normalised else f"{difference:+.3g}"


def matrix(suite: Suite, table: pd.DataFrame, title: str) -> Figure:
    """All pairs, the highest mean first: the row's variant minus the column's; a number where the difference is shown.

    Where numbers do not fit, the sign stands for them; a dot where the difference is not shown.
    """
    order = [v for v in variants_by_score(suite) if v in suite.learners]
    n = len(order)
    value, sure = np.full((n, n), np.nan), np.zeros((n, n), np.bool_)
    for row in table.to_dict("records"):
        i, j = order.index(row["variant"]), order.index(row["against"])
        value[i, j], value[j, i] = row["difference"], -row["difference"]
        sure[i, j] = sure[j, i] = row["p_joint"] < LEVEL
    names = [suite.title(v) for v in order]
    numbers = [[_short(x, suite.normalised) for x in line] for line in value]
    room = (figure_width() - min(longest_inches(names), 0.4 * figure_width()) - 0.9) / n
    fits = longest_inches([t for line in numbers for t in line]) + AIR <= room
    texts = [
        ["" if x != x else "·" if not s else t if fits else t[0] for x, s, t in zip(*row, strict=True)]
        for row in zip(value, sure, numbers, strict=True)
    ]
    reach = float(np.nanmax(np.abs(value), initial=0.1))
    with mpl.rc_context(STYLE):
        made = grid(1, 1, CELL * n)
        (axis,) = made.panels
        draw_cells(axis, value, (names, names), texts, ("PuOr", -reach, reach))
        bar = made.figure.colorbar(axis.collections[0], cax=axis.inset_axes((1.03, 0.0, 0.03, 1.0)))
        bar.ax.tick_params(labelsize=SMALL)
        bar.set_label("row minus column")
        note(made.figure, title.replace("\n", "; "))
    return made.figure

"""Figures of final scores: the suite at a glance, variants x tasks, differences of pairs, all pairs at once."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from benchmarks.figures.layout import name_rows, row_chart, seed_dots
from benchmarks.figures.style import GAIN, LOSS, STYLE, UNSURE
from benchmarks.statistics.tests import LEVEL
from benchmarks.store.suite import Suite
from envs.api import Doubles


def aggregate(suite: Suite, table: pd.DataFrame, title: str) -> Figure:
    """The suite score of each variant: a dot a seed, a bar from end to end of the mean's interval, a mark at the IQM."""
    with mpl.rc_context(STYLE):
        figure, axis = row_chart(len(table))
        for y, row in enumerate(table.to_dict("records")):
            dots = suite.final(row["variant"], suite.tasks(row["variant"])).mean(axis=1).to_numpy(float)
            colour = GAIN if row["variant"] in suite.learners else UNSURE
            seed_dots(axis, dots, y, colour)
            axis.plot([row["low"], row["high"]], [y, y], color=colour, lw=2)
            axis.plot([row["mean"]], [y], "o", ms=6, color=colour, mfc="white")
            axis.plot([row["iqm_low"], row["iqm_high"]], [y + 0.3, y + 0.3], color="black", lw=1)
            axis.plot([row["iqm"]], [y + 0.3], "|", ms=7, color="black", mew=1.6)
        name_rows(axis, list(table["variant"]))
        axis.set_xlabel(
            f"{suite.unit} (a dot: one seed's mean over its tasks; circle: mean,\n"
            "95 % t interval; black, below: IQM of all runs, bootstrap interval)"
        )
        axis.set_title(title)
    return figure


def heat_map(suite: Suite, title: str) -> Figure:
    """Variants x tasks: mean final score; `-` where there is no mean, `xk` where k members diverged.

    Colours are of the score; of returns, from the lowest to the highest of each task.
    """
    shape = (len(suite.present), len(suite.scales))
    scores, lost = np.full(shape, np.nan), np.zeros(shape, np.int64)
    for i, variant in enumerate(suite.present):
        for j, task in enumerate(suite.scales):
            if (curve := suite.curves.get((task, variant))) is not None:
                scores[i, j], lost[i, j] = curve.score[-1].mean(), curve.diverged.sum()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.05 * shape[1] + 2.6, 0.36 * shape[0] + 2.0), layout="constrained")
        axis = figure.subplots()
        axis.set_facecolor("0.93")
        shade = scores if suite.normalised else _column_ranges(scores)
        label = suite.unit if suite.normalised else "return, lowest to highest of a task"
        sns.heatmap(
            pd.DataFrame(shade, suite.present, list(suite.scales)), cmap="cividis", vmin=0, vmax=1, ax=axis,
            linewidths=0.6, linecolor="white", cbar_kws={"label": label},
        )  # fmt: skip
        for (i, j), value in np.ndenumerate(scores):
            number = f"{round(value, 2) + 0.0:.2f}" if suite.normalised else f"{value:.4g}"
            text = ("-" if value != value else number) + (f" x{lost[i, j]}" if lost[i, j] else "")
            colour = "0.4" if value != value else ("white" if shade[i, j] < 0.5 else "black")
            axis.annotate(text, (j + 0.5, i + 0.5), ha="center", va="center", color=colour, fontsize=8)
        axis.set(xlabel="", ylabel="")
        axis.set_xticklabels(axis.get_xticklabels(), rotation=35, ha="right")
        axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
        axis.set_title(title)
    return figure


def _column_ranges(scores: Doubles) -> Doubles:
    """Each column from its lowest (0) to its highest (1); NaN stay, a column without spread is .5."""
    low, high = (extreme(np.where(np.isnan(scores), fill, scores), axis=0) for extreme, fill in
                 ((np.min, np.inf), (np.max, -np.inf)))  # fmt: skip
    spread = np.where(high > low, high - low, 1.0)
    return np.where(high > low, (scores - np.where(high > low, low, 0.0)) / spread, 0.5 + 0.0 * scores)


def differences(suite: Suite, table: pd.DataFrame, word: str, title: str) -> Figure:
    """Each pair's difference of the suite mean: a dot a seed, the mean with its 95 % interval."""
    with mpl.rc_context(STYLE):
        figure, axis = row_chart(max(len(table), 1))
        axis.axvline(0, color="0.6", lw=0.8)
        for y, row in enumerate(table.to_dict("records")):
            tasks = suite.tasks(row["variant"], row["against"])
            b, a = (suite.final(name, tasks).mean(axis=1) for name in (row["variant"], row["against"]))
            dots = (b - a).dropna().to_numpy(float) if row["test"] == "sign-flip" else np.zeros(0)
            sure = row["p_holm"] < LEVEL
            colour = UNSURE if not sure else (GAIN if row["difference"] > 0 else LOSS)
            seed_dots(axis, dots, y, colour, alpha=0.45)
            axis.plot([row["low"], row["high"]], [y, y], color=colour, lw=2)
            axis.plot(
                [row["difference"]], [y], "D" if sure else "o", ms=6, color=colour, mfc=colour if sure else "white"
            )
        labels = [f"{r['variant']}  ({word} {r['against']})" for r in table.to_dict("records")]
        name_rows(axis, labels)
        over = ", mean over tasks" if len(suite.scales) > 1 else ""
        axis.set_xlabel(
            f"difference of the {suite.unit}{over}\n"
            "(bar: 95 % interval of it alone; filled diamond: p < .05 after Holm)"
        )
        axis.set_title(title)
    return figure


def _short(difference: float, normalised: bool) -> str:
    """+.21 of a normalised score, +12.3 of a return."""
    return f"{difference:+.2f}".replace("0.", ".") if normalised else f"{difference:+.3g}"


def matrix(suite: Suite, table: pd.DataFrame, title: str) -> Figure:
    """All pairs: the row's variant minus the column's; a number where the difference is shown, a dot where not."""
    order = suite.learners
    n = len(order)
    value, sure = np.full((n, n), np.nan), np.zeros((n, n), np.bool_)
    for row in table.to_dict("records"):
        i, j = order.index(row["variant"]), order.index(row["against"])
        value[i, j], value[j, i] = row["difference"], -row["difference"]
        sure[i, j] = sure[j, i] = row["p_joint"] < LEVEL
    size = 0.46 * n
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(size + 2.8, 5.0), max(size + 1.6, 3.4)), layout="constrained")
        axis = figure.subplots()
        axis.set_facecolor("0.93")
        reach = float(np.nanmax(np.abs(value), initial=0.1))
        sns.heatmap(
            pd.DataFrame(value, order, order), cmap="PuOr", center=0, vmin=-reach, vmax=reach, ax=axis, square=True,
            linewidths=0.6, linecolor="white", cbar_kws={"label": "row minus column"},
        )  # fmt: skip
        for (i, j), x in np.ndenumerate(value):
            if x == x:
                text = _short(x, suite.normalised) if sure[i, j] else "·"
                colour = "white" if abs(x) > 0.7 * reach else "black"
                axis.annotate(text, (j + 0.5, i + 0.5), ha="center", va="center", color=colour, fontsize=6.5)
        axis.set(xlabel="", ylabel="")
        axis.set_xticklabels(axis.get_xticklabels(), rotation=45, ha="right")
        axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
        axis.set_title(title)
    return figure

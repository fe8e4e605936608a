"""Figures of what a knob of the algorithm does on each task: measures against the knob, and variants side by side."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.drawings import Standing, Turned
from benchmarks.figures import GAIN, STYLE, UNSURE, banded, legend, line_styles, t_band
from benchmarks.panels import Data
from benchmarks.statistics.wording.phrases import counted
from benchmarks.suite import Doubles

WORDS = {
    "score": "normalised final score",
    "area": "area under the curve",
    "gradient_cosine": "cosine to exact gradient",
}
LEVEL_STYLES = ("--", ":", "-.")


def by_seed(data: Data, task: str, variant: str, measure: str) -> Doubles:
    """One number a seed: the final score, the area under its curve, or the mean of a measure over the checkpoints."""
    curve = data.suite.curves.get((task, variant))
    if curve is None:
        return np.zeros(0)
    if measure == "score":
        return curve.score[-1]
    if measure == "area":
        return data.suite.area(task, variant).to_numpy(float)
    rows = data.measures[(data.measures["measure"] == measure) & (data.measures["task"] == task)]
    rows = rows[rows["variant"] == variant].dropna(subset="value")
    return rows.groupby("seed")["value"].mean().to_numpy(float)


def turned(data: Data, what: Turned) -> Figure:
    """Measures against a knob; its values stand at equal distances."""
    tasks = list(data.suite.scales)
    values = sorted({x for of in what.lines.values() for x in of})
    with mpl.rc_context(STYLE):
        size = (max(2.5 * len(tasks), 5.4), 1.95 * len(what.measures) + 1.0)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(what.measures), len(tasks), squeeze=False, sharey="row")
        for row, measure in zip(axes, what.measures, strict=True):
            for axis, task in zip(row, tasks, strict=True):
                _knob_panel(axis, data, what, task, measure)
                axis.set_xticks(range(len(values)), [f"{x:g}" for x in values])
                axis.set_xlim(-0.3, len(values) - 0.7)
            seen = [axis for axis in row if axis.get_visible()]
            for axis in seen[:1]:
                axis.set_ylabel(data.suite.final_unit if measure == "score" else WORDS.get(measure, measure))
                axis.tick_params(labelleft=True)
        for axis, task in zip(axes[0], tasks, strict=True):
            axis.set_title(task)
        figure.supxlabel(what.label, fontsize=9)
        legend(figure, list(what.lines), f"mean of {counted(data.suite.seeds, 'seed')}, band: 95 % t interval", 5)
    return figure


def _knob_panel(axis: Axes, data: Data, what: Turned, task: str, measure: str) -> None:
    values = sorted({x for of in what.lines.values() for x in of})
    for line, style in line_styles(list(what.lines)).items():
        seeds = {x: by_seed(data, task, variant, measure) for x, variant in sorted(what.lines[line].items())}
        found = {values.index(x): group for x, group in seeds.items() if len(group)}
        if found:
            middle, low, high = np.array([t_band(group) for group in found.values()]).T
            banded(axis, np.array([*found]), (middle, low, high), style, line)
            axis.plot([*found], middle, "o", ms=3.2, color=style[0])
    axis.set_visible(bool(axis.lines))  # not every task can be listed
    if measure != "gradient_cosine" and data.suite.normalised:
        axis.set_ylim(-0.08, 1.08)


def standing(data: Data, what: Standing) -> Figure:
    """Variants side by side: a dot a seed, a circle at the mean, a bar from end to end of its interval."""
    tasks, rows = list(data.suite.scales), list(what.variants)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(2.0 * len(tasks) + 1.6, 5.4), 0.27 * len(rows) + 1.5), layout="constrained")
        axes = figure.subplots(1, len(tasks), squeeze=False, sharey=True)[0]
        for axis, task in zip(axes, tasks, strict=True):
            for style, variant in zip(LEVEL_STYLES, what.levels.values(), strict=False):
                if len(level := by_seed(data, task, variant, "score")):
                    axis.axvline(level.mean(), color="0.35", lw=1.0, ls=style)
            for y, label in enumerate(rows):
                _standing_row(axis, by_seed(data, task, what.variants[label], "score"), y)
            axis.set_title(task)
            if data.suite.normalised:
                axis.set_xlim(-0.12, 1.12)
        axes[0].set_yticks(range(len(rows)), rows)
        axes[0].set_ylim(len(rows) - 0.4, -0.6)
        words = f"{data.suite.final_unit} (a dot: one seed; circle and bar: mean, 95 % t interval)"
        figure.supxlabel(words, fontsize=9)
        handles = [
            mpl.lines.Line2D([], [], color="0.35", lw=1.0, ls=style, label=label)
            for style, label in zip(LEVEL_STYLES, what.levels, strict=False)
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _standing_row(axis: Axes, seeds: Doubles, y: int) -> None:
    if not len(seeds):
        axis.annotate("does not run here", (0.5, y), ha="center", va="center", fontsize=6.5, color=UNSURE)
        return
    middle, low, high = t_band(seeds)
    axis.plot(seeds, y + np.linspace(-0.2, 0.2, len(seeds)), "o", ms=2.2, color=GAIN, alpha=0.4, mew=0)
    axis.plot([low, high], [y, y], color=GAIN, lw=1.8)
    axis.plot([middle], [y], "o", ms=4.6, color=GAIN, mfc="white")

"""Effects of staleness on each task: measures against the lag, and final scores of corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure
from benchmarks.figures.layout import LEAST_WIDTH, beeswarm, line_legend, show_scores
from benchmarks.figures.style import GAIN, STYLE, UNSURE, band_title, banded_groups, line_styles, t_band
from benchmarks.store.suite import Data
from envs.api import Doubles
from envs.control.limits import Limits

UNITS = {
    "score": "normalised final score",
    "area": "area under the curve",
    "gradient_cosine": "cosine to exact gradient",
}
LEVEL_DASHES = ("--", ":", "-.")


@dataclass(frozen=True)
class LagSweep(PlainFigure):
    """Measures against a lag: a row a measure, a column a task; lines hold a variant at each lag.

    "score" is the normalised final score, "area" the area under its curve, others are means over the checkpoints.
    """

    name: str
    caption: str
    lines: Mapping[str, Mapping[float, str]]
    label: str
    measures: tuple[str, ...] = ("score", "area", "gradient_cosine")

    @property
    def lags(self) -> list[float]:
        """All lags in order, drawn at equal distances."""
        return sorted({x for by_lag in self.lines.values() for x in by_lag})

    def draw(self, data: Data) -> Figure:
        tasks, lags = list(data.suite.scales), self.lags
        with mpl.rc_context(STYLE):
            size = (max(2.5 * len(tasks), LEAST_WIDTH), 1.95 * len(self.measures) + 1.0)
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots(len(self.measures), len(tasks), squeeze=False, sharey="row")
            for row, measure in zip(axes, self.measures, strict=True):
                for axis, task in zip(row, tasks, strict=True):
                    self._panel(axis, data, task, measure)
                    axis.set_xticks(range(len(lags)), [f"{x:g}" for x in lags])
                    axis.set_xlim(-0.3, len(lags) - 0.7)
                for axis in [a for a in row if a.get_visible()][:1]:
                    axis.set_ylabel(data.suite.final_unit if measure == "score" else UNITS.get(measure, measure))
                    axis.tick_params(labelleft=True)
            for axis, task in zip(axes[0], tasks, strict=True):
                axis.set_title(task)
            figure.supxlabel(self.label, fontsize=9)
            line_legend(figure, list(self.lines), band_title(data.suite.seeds), 5)
        return figure

    def _panel(self, axis: Axes, data: Data, task: str, measure: str) -> None:
        places = {x: float(i) for i, x in enumerate(self.lags)}
        for line, style in line_styles(list(self.lines)).items():
            seeds = {x: data.per_seed(task, variant, measure) for x, variant in sorted(self.lines[line].items())}
            if points := [(places[x], group) for x, group in seeds.items() if len(group)]:
                means = banded_groups(axis, points, style, line, data.limits(task, measure))
                axis.plot([x for x, _ in points], means, "o", ms=3.2, color=style.colour)
        axis.set_visible(bool(axis.lines))  # not every task can be enumerated
        if measure != "gradient_cosine" and data.suite.normalised:
            show_scores(axis)


@dataclass(frozen=True)
class ScoreStrip(PlainFigure):
    """Normalised final scores of some variants, a column a task and a dot a seed, with means and their intervals.

    variants  by their labels, in rows      levels  by their labels, those whose means are lines to compare with
    """

    name: str
    caption: str
    variants: Mapping[str, str]
    levels: Mapping[str, str]

    def draw(self, data: Data) -> Figure:
        tasks, rows = list(data.suite.scales), list(self.variants)
        with mpl.rc_context(STYLE):
            size = (max(2.0 * len(tasks) + 1.6, LEAST_WIDTH), 0.27 * len(rows) + 1.5)
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots(1, len(tasks), squeeze=False, sharey=True)[0]
            for axis, task in zip(axes, tasks, strict=True):
                self._panel(axis, data, task)
            axes[0].set_yticks(range(len(rows)), rows)
            axes[0].set_ylim(len(rows) - 0.4, -0.6)
            explanation = "(a dot: one seed; circle and bar: mean, 95 % t interval)"
            figure.supxlabel(f"{data.suite.final_unit} {explanation}", fontsize=9)
            handles = [
                mpl.lines.Line2D([], [], color="0.35", lw=1.0, ls=dash, label=label)
                for dash, label in zip(LEVEL_DASHES, self.levels, strict=False)
            ]
            figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
        return figure

    def _panel(self, axis: Axes, data: Data, task: str) -> None:
        for dash, variant in zip(LEVEL_DASHES, self.levels.values(), strict=False):
            if len(level := data.per_seed(task, variant, "score")):
                axis.axvline(level.mean(), color="0.35", lw=1.0, ls=dash)
        for y, variant in enumerate(self.variants.values()):
            _row(axis, data.per_seed(task, variant, "score"), y, data.limits(task, "score"))
        axis.set_title(task)
        if data.suite.normalised:
            axis.set_xlim(-0.12, 1.12)


def _row(axis: Axes, scores: Doubles, y: int, limits: Limits) -> None:
    if not len(scores):
        axis.annotate("does not run here", (0.5, y), ha="center", va="center", fontsize=6.5, color=UNSURE)
        return
    middle, low, high = t_band(scores, limits)
    axis.plot(scores, y + beeswarm(len(scores), 0.2), "o", ms=2.2, color=GAIN, alpha=0.4, mew=0)
    axis.plot([low, high], [y, y], color=GAIN, lw=1.8)
    axis.plot([middle], [y], "o", ms=4.6, color=GAIN, mfc="white")

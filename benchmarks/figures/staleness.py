"""Effects of staleness on each task: measures against the lag, and final scores of corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure
from benchmarks.figures.layout import beeswarm, grid, label_axes, matrix_of_panels, name_rows, note, show_scores
from benchmarks.figures.parts.legends import line_legend, mark_legend
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import GAIN, SMALL, STYLE, UNSURE, band_title, banded_groups, line_styles, t_band
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
        tasks, lags, suite = list(data.suite.scales), self.lags, data.suite
        with mpl.rc_context(STYLE):
            made = matrix_of_panels(len(self.measures), len(tasks), 1.15, sharey=True)
            for row, measure in zip(made.rows, self.measures, strict=True):
                for axis, task in zip(row, tasks, strict=True):
                    self._panel(axis, data, task, measure)
                    axis.set_xticks(range(len(lags)), [f"{x:g}" for x in lags])
                    axis.set_xlim(-0.3, len(lags) - 0.7)
                for i in _left_of_each_line(row, made.first):
                    row[i].set_ylabel(suite.final_unit if measure == "score" else UNITS.get(measure, measure))
                    row[i].tick_params(labelleft=True)
            for i, task in enumerate(tasks):
                made.rows[0][i].set_title(suite.title(task))
                for lowest in [row[i] for row in made.rows if row[i].get_visible()][-1:]:
                    lowest.tick_params(labelbottom=True)
            label_axes(made.figure, self.label)
            line_legend(made.figure, list(self.lines))
            note(made.figure, band_title(suite.seeds))
        return made.figure

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


def _left_of_each_line(row: Sequence[Axes], first: Sequence[bool]) -> list[int]:
    """The first visible panel of each line of panels."""
    starts = [i for i, is_first in enumerate(first) if is_first]
    spans = [range(a, b) for a, b in zip(starts, [*starts[1:], len(row)], strict=True)]
    return [next(i for i in span if row[i].get_visible()) for span in spans if any(row[i].get_visible() for i in span)]


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
            made = grid(
                len(tasks), 4, 0.24 * len(rows), least=1.3 if figure_width() > 5 else 2.4, sharex=True, sharey=True
            )
            for axis, task in zip(made.panels, tasks, strict=True):
                self._panel(axis, data, task)
            name_rows(made.panels[0], rows, 0.3)
            for axis in made.panels:
                axis.grid(visible=False, axis="y")
                axis.tick_params(axis="y", length=0)
            made.label(data.suite.final_unit)
            mark_legend(
                made.figure,
                {
                    n: {"color": "0.35", "lw": 1.0, "ls": dash}
                    for dash, n in zip(LEVEL_DASHES, self.levels, strict=False)
                },
            )
            note(made.figure, f"a dot: one of {data.suite.seeds} seeds; circle and bar: mean, 95 % t interval")
        return made.figure

    def _panel(self, axis: Axes, data: Data, task: str) -> None:
        for dash, variant in zip(LEVEL_DASHES, self.levels.values(), strict=False):
            if len(level := data.per_seed(task, variant, "score")):
                axis.axvline(level.mean(), color="0.35", lw=1.0, ls=dash)
        for y, variant in enumerate(self.variants.values()):
            _row(axis, data.per_seed(task, variant, "score"), y, data.limits(task, "score"))
        axis.set_title(data.suite.title(task))
        if data.suite.normalised:
            axis.set_xlim(-0.12, 1.12)


def _row(axis: Axes, scores: Doubles, y: int, limits: Limits) -> None:
    if not len(scores):
        axis.annotate("does not run here", (0.5, y), ha="center", va="center", fontsize=SMALL, color=UNSURE)
        return
    middle, low, high = t_band(scores, limits)
    axis.plot(scores, y + beeswarm(len(scores), 0.2), "o", ms=2.2, color=GAIN, alpha=0.4, mew=0)
    axis.plot([low, high], [y, y], color=GAIN, lw=1.8)
    axis.plot([middle], [y], "o", ms=4.6, color=GAIN, mfc="white")

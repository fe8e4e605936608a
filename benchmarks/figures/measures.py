"""Learning curves of scores and of other measures, such as entropy and length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure
from benchmarks.figures.layout import label_axes, matrix_of_panels, note, thousands
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.parts.levels import draw_levels
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import STYLE, band_title, banded_groups, line_styles
from benchmarks.statistics.wording.measure_names import axis_label
from benchmarks.store.suite import Data

PANEL = 1.2  # inches


@dataclass(frozen=True)
class MeasureCurves(PlainFigure):
    """Measures against environment steps: a row a measure ("score" is the normalised score), a column a task.

    levels    horizontal lines (label, height) by (task, measure)
    variants  which to draw; empty: all that have curves
    """

    name: str
    caption: str
    measures: tuple[str, ...]
    levels: Mapping[tuple[str, str], tuple[tuple[str, float], ...]] = field(default_factory=dict)
    variants: tuple[str, ...] = ()

    def draw(self, data: Data) -> Figure:
        suite = data.suite
        tasks = list(suite.scales)
        lines = [v for v in suite.variants_with_curves if v in self.variants or not self.variants]
        with mpl.rc_context(STYLE):
            made = matrix_of_panels(len(self.measures), len(tasks), PANEL, least=1.75)
            width = figure_width() * made.rows[0][0].get_position().width
            for row, measure in zip(made.rows, self.measures, strict=True):
                for axis, task, first in zip(row, tasks, made.first, strict=True):
                    _panel(axis, data, task, measure, lines)
                    draw_levels(axis, self.levels.get((task, measure), ()), width, PANEL)
                    thousands(axis)
                    if first:
                        axis.set_ylabel(suite.unit if measure == "score" else axis_label(measure))
            for axis, task in zip(made.rows[0], tasks, strict=True):
                axis.set_title(suite.title(task))
            label_axes(made.figure, "environment steps a seed")
            line_legend(made.figure, lines, "", suite.present, {}, {v: suite.title(v) for v in lines})
            note(made.figure, band_title(suite.seeds))
        return made.figure


def _panel(axis: Axes, data: Data, task: str, measure: str, lines: Sequence[str]) -> None:
    for variant, style in line_styles(lines, data.suite.present).items():
        if points := data.series(task, variant, measure):
            banded_groups(axis, points, style, variant, data.limits(task, measure))
    axis.set_visible(bool(axis.lines))  # not every task has every view
    if measure == "score" and data.suite.normalised:  # noise of 1e-8 about a constant is not to fill the panel
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, -0.08), max(high, 1.08))

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
from benchmarks.figures.style import SMALL, STYLE, band_title, banded_groups, line_styles
from benchmarks.store.suite import Data

UNITS = {
    "entropy": "entropy, nats an episode",
    "length": "actions an episode",
    "kl": "KL to the reference, nats",
    "flagged": "share of flagged words",
    "nll": "nats a token",
    "sentiment": "sentiment",
    "gap": "gap in sentiment",
    "answered": "share answered",
    "true": "share true",
}


@dataclass(frozen=True)
class MeasureCurves(PlainFigure):
    """Measures against environment steps: a row a measure ("score" is the normalised score), a column a task.

    levels  horizontal lines (label, height) by (task, measure)
    """

    name: str
    caption: str
    measures: tuple[str, ...]
    levels: Mapping[tuple[str, str], tuple[tuple[str, float], ...]] = field(default_factory=dict)

    def draw(self, data: Data) -> Figure:
        suite = data.suite
        tasks, lines = list(suite.scales), suite.variants_with_curves
        with mpl.rc_context(STYLE):
            made = matrix_of_panels(len(self.measures), len(tasks), 1.2, least=1.75)
            for row, measure in zip(made.rows, self.measures, strict=True):
                for axis, task, first in zip(row, tasks, made.first, strict=True):
                    _panel(axis, data, task, measure, self.levels.get((task, measure), ()))
                    if first:
                        axis.set_ylabel(suite.unit if measure == "score" else UNITS.get(measure, f"return: {measure}"))
            for axis, task in zip(made.rows[0], tasks, strict=True):
                axis.set_title(suite.title(task))
            label_axes(made.figure, "environment steps a seed")
            line_legend(made.figure, lines, "", suite.present, {}, {v: suite.title(v) for v in lines})
            note(made.figure, band_title(suite.seeds))
        return made.figure


def _panel(axis: Axes, data: Data, task: str, measure: str, levels: Sequence[tuple[str, float]]) -> None:
    for variant, style in line_styles(data.suite.variants_with_curves, data.suite.present).items():
        if points := data.series(task, variant, measure):
            banded_groups(axis, points, style, variant, data.limits(task, measure))
    axis.set_visible(bool(axis.lines))  # not every task has every view
    if measure == "score" and data.suite.normalised:  # noise of 1e-8 about a constant is not to fill the panel
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, -0.08), max(high, 1.08))
    for label, height in levels:
        axis.axhline(height, color="0.55", lw=0.8, ls=":")
        axis.annotate(label, (0.99, height), xycoords=("axes fraction", "data"), fontsize=SMALL, color="0.35", ha="right",
                      va="bottom")  # fmt: skip
    thousands(axis)

"""Learning curves of scores and of other measures, such as entropy and length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure
from benchmarks.figures.layout import LEAST_WIDTH, line_legend, thousands
from benchmarks.figures.style import STYLE, band_title, banded_groups, line_styles
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
        tasks = list(data.suite.scales)
        with mpl.rc_context(STYLE):
            size = (max(3.0 * len(tasks), LEAST_WIDTH), 2.2 * len(self.measures) + 1.1)
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots(len(self.measures), len(tasks), squeeze=False, sharex="col")
            for row, measure in zip(axes, self.measures, strict=True):
                unit = data.suite.unit if measure == "score" else UNITS.get(measure, f"return: {measure}")
                row[0].set_ylabel(unit)
                for axis, task in zip(row, tasks, strict=True):
                    _panel(axis, data, task, measure, self.levels.get((task, measure), ()))
            for axis, task in zip(axes[0], tasks, strict=True):
                axis.set_title(task)
            figure.supxlabel("environment steps a seed", fontsize=9)
            line_legend(
                figure,
                data.suite.variants_with_curves,
                band_title(data.suite.seeds),
                5 if len(tasks) > 1 else 3,
                data.suite.present,
            )
        return figure


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
        axis.annotate(label, (0.99, height), xycoords=("axes fraction", "data"), fontsize=6, color="0.35", ha="right",
                      va="bottom")  # fmt: skip
    thousands(axis)

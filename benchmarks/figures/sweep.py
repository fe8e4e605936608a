"""Final scores against a property of the tasks, such as their length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import constrained_grid, line_legend, show_scores
from benchmarks.figures.style import STYLE, band_title, banded_groups, line_styles
from benchmarks.statistics.comparison_tables import sweep_table
from benchmarks.statistics.wording.sentences import sweep_sentences
from benchmarks.store.suite import Data
from envs.api import Doubles


@dataclass(frozen=True)
class Sweep(PlainFigure):
    """Final normalised score against a property of tasks: x gives each task's value, lines its line; a panel a variant.

    Without `lines` there is one panel, and the lines are the variants.
    """

    name: str
    caption: str
    x: Mapping[str, float]
    label: str
    lines: Mapping[str, str] = field(default_factory=dict)
    log: bool = False

    def draw(self, data: Data) -> Figure:
        task_lines = list(dict.fromkeys(self.lines.values()))
        titles = data.suite.variants_with_curves if task_lines else [""]
        lines = task_lines or data.suite.variants_with_curves
        among = [] if task_lines else data.suite.present
        styles = line_styles(lines, among)
        with mpl.rc_context(STYLE):
            panels = constrained_grid(len(titles), 4, (3.0, 2.5), 1.0, sharey=True)
            for axis, title in zip(panels.panels, titles, strict=True):
                for line in lines:
                    if points := self._points(data, line, title or line):
                        limits = data.suite.score_limits([t for t in self.x if t in data.suite.scales])
                        banded_groups(axis, points, styles[line], line, limits)
                axis.set_title(title)
                if self.log:
                    axis.set_xscale("log")
                if data.suite.normalised:
                    axis.axhline(1.0, color="0.55", lw=0.8, ls=":")
                    show_scores(axis)
            panels.figure.supxlabel(self.label, fontsize=9)
            panels.figure.supylabel(data.suite.final_unit, fontsize=9)
            line_legend(panels.figure, lines, band_title(data.suite.seeds), 5, among)
        return panels.figure

    def _points(self, data: Data, line: str, variant: str) -> list[tuple[float, Doubles]]:
        """(x, final scores of the seeds) of a variant on the tasks of a line, by x."""
        curves = data.suite.curves
        tasks = [t for t in self.x if (t, variant) in curves and self.lines.get(t, line) == line]
        return [(self.x[t], curves[t, variant].score[-1]) for t in sorted(tasks, key=lambda t: self.x[t])]

    def table(self, data: Data) -> Table:
        caption = (
            f"Score at the largest value less that at the smallest ({self.label}), paired by seed. Intervals are of each "
            "difference alone, not corrected; `p (Holm)` is corrected over the rows."
        )
        return Table(f"{self.name}_change", sweep_table(data.suite, self.x, self.lines), caption)

    def sentences(self, table: Table) -> list[str]:
        """What the table shows, a sentence a line."""
        return sweep_sentences(table.frame, self.label)

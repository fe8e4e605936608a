"""Final scores against a property of the tasks, such as their length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import grid, note, show_scores
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.parts.line_ends import End, label_line_ends
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
        suite = data.suite
        task_lines = list(dict.fromkeys(self.lines.values()))
        panels = suite.variants_with_curves if task_lines else [""]
        lines = task_lines or suite.variants_with_curves
        among = [] if task_lines else suite.present
        titles = {line: line if task_lines else suite.title(line) for line in lines}
        styles = line_styles(lines, among)
        with mpl.rc_context(STYLE):
            made = grid(len(panels), 4, 1.4 if task_lines else 2.1, sharex=True, sharey=True)
            ends: dict[str, End] = {}
            for axis, panel in zip(made.panels, panels, strict=True):
                for line in lines:
                    if points := self._points(data, line, panel or line):
                        limits = suite.score_limits([t for t in self.x if t in suite.scales])
                        means = banded_groups(axis, points, styles[line], line, limits)
                        ends[titles[line]] = End(points[-1][0], float(means[-1]), styles[line])
                if panel:
                    axis.set_title(suite.title(panel))
                if self.log:
                    axis.set_xscale("log")
                if suite.normalised:
                    axis.axhline(1.0, color="0.45", lw=0.8, ls=(0, (1, 2)))
                    show_scores(axis)
            if task_lines or not label_line_ends([(made.panels[0], ends)], 2.1):
                line_legend(made.figure, lines, "", among, {}, titles)
            made.label(self.label, suite.final_unit)
            note(made.figure, band_title(suite.seeds))
        return made.figure

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

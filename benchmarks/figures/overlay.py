"""Two implementations of one algorithm: their learning curves in one panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import grid, note, thousands
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import STYLE, banded, line_styles, t_band
from benchmarks.findings import parity
from benchmarks.store.suite import Data
from envs.control.limits import ANYTHING

OURS, THEIRS = "ours", "the other implementation"


@dataclass(frozen=True)
class Overlay(PlainFigure):
    """Mean returns of `pairs` of variants (ours, the other) against environment steps, a panel a task and pair."""

    name: str
    caption: str
    pairs: Mapping[str, str]

    def draw(self, data: Data) -> Figure:
        curves = data.suite.curves
        panels_shown = [(t, *pair) for t in data.suite.scales for pair in self.pairs.items()]
        panels_shown = [(t, a, b) for t, a, b in panels_shown if (t, a) in curves and (t, b) in curves]
        styles = line_styles((OURS, THEIRS))
        suite = data.suite
        with mpl.rc_context(STYLE):
            made = grid(len(panels_shown), 2, 1.5, least=2.4)
            for axis, (task, ours, theirs) in zip(made.panels, panels_shown, strict=True):
                for name, label in ((ours, OURS), (theirs, THEIRS)):
                    curve = curves[task, name]
                    band = t_band(curve.value, data.suite.limits.get(task, ANYTHING))
                    banded(axis, curve.env_steps.mean(axis=1), band, styles[label], label)
                seeds = [len(curves[task, name].seeds) for name in (ours, theirs)]
                axis.set_title(f"{suite.title(task)}, {suite.title(ours)}, n = {seeds[0]} and {seeds[1]}")
                thousands(axis)
            made.label("environment steps a seed", "evaluation return")
            line_legend(made.figure, (OURS, THEIRS))
            note(made.figure, "mean over seeds, band: 95 % t interval")
        return made.figure

    def table(self, data: Data) -> Table:
        return Table(self.name, parity.table(data.suite, self.pairs), parity.CAPTION)

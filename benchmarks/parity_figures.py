"""The figure of two implementations: their learning curves one upon the other."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks import figures
from benchmarks.drawings import Overlay
from benchmarks.figures import STYLE, banded, legend, line_styles, t_band, thousands
from benchmarks.panels import Data

OURS, THEIRS = "ours", "the other implementation"


def overlay(data: Data, what: Overlay) -> Figure:
    """A panel a task and pair: mean returns against environment steps, with 95 % t intervals."""
    curves = data.suite.curves
    places = [(t, *pair) for t in data.suite.scales for pair in what.pairs.items()]
    places = [(t, a, b) for t, a, b in places if (t, a) in curves and (t, b) in curves]
    styles = line_styles((OURS, THEIRS))
    with mpl.rc_context(STYLE):
        grid = figures.grid(len(places), 2, (3.0, 2.1))
        for axis, (task, ours, theirs) in zip(grid.panels, places, strict=True):
            for name, label in ((ours, OURS), (theirs, THEIRS)):
                curve = curves[task, name]
                banded(axis, curve.env_steps.mean(axis=1), t_band(curve.value), styles[label], label)
            seeds = [len(curves[task, name].seeds) for name in (ours, theirs)]
            axis.set_title(f"{task}\n{ours} (n = {seeds[0]}), {theirs} (n = {seeds[1]})", fontsize=7)
            thousands(axis)
        grid.words("environment steps a seed", "evaluation return")
        legend(grid.figure, (OURS, THEIRS), "mean over seeds, band: 95 % t interval")
    return grid.figure

"""The best trial's value, and the selection and test scores of the chosen one."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import interval_bar, seed_dots
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.style import STYLE
from benchmarks.tuning.figures.layout import DOTS, task_panels, widen_flat_axis
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import NAN, score_limits, selection_scores
from envs.api import Doubles
from envs.control.limits import Limits

STAGES = {  # where a score comes from: its mark and colour
    "best trial, tuning seeds": (">", "#E69F00"),
    "chosen, selection seeds": ("s", "#56B4E9"),
    "chosen, test seeds": ("o", "#0072B2"),
}


def draw_optimism(summary: Summary) -> Figure:
    """The best trial's value, then the chosen configuration on selection and on test seeds."""
    table = summary.optimism
    best = dict(zip(zip(table["task"], table["variant"], strict=True), table["best trial"], strict=True))
    with mpl.rc_context(STYLE):
        made = task_panels(summary, 0.34)
        for axis, task in zip(made.panels, summary.tasks, strict=True):
            for y, variant in enumerate(summary.variants):
                if (task, variant) in summary.studies:
                    selection, test = selection_scores(summary.studies[task, variant]), summary.tested(task, variant)[0]
                    limits = score_limits(summary.studies[task, variant])
                    _stage_row(axis, y, best[task, variant], selection, test, limits)
            widen_flat_axis(axis)
        made.label(summary.unit)
        marks = {name: {"marker": m, "color": c, "ls": "none", "ms": 5} for name, (m, c) in STAGES.items()}
        mark_legend(made.figure, marks)
    return made.figure


def _stage_row(axis: Axes, y: int, best: float, selection: Doubles, test: Doubles, limits: Limits) -> None:
    heights = (y - 0.22, y, y + 0.22)
    means = (best, float(selection.mean()) if len(selection) else NAN, float(test.mean()))
    axis.plot(means, heights, color="0.6", lw=0.8)
    for height, mean, seeds, (marker, colour) in zip(
        heights, means, (selection[:0], selection, test), STAGES.values(), strict=True
    ):
        if len(seeds):
            seed_dots(axis, seeds, height, colour, **DOTS)
            interval_bar(axis, seeds, height, colour, limits)
        axis.plot(mean, height, marker, ms=5, color=colour, mec="black", mew=0.4)

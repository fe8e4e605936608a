"""Default against tuned: paired dots."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import beeswarm, interval_bar, seed_dots
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.style import GAIN, LOSS, STYLE, UNSURE
from benchmarks.statistics.tests import LEVEL
from benchmarks.tuning.figures.layout import DOTS, task_panels, widen_flat_axis
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import score_limits
from envs.api import Doubles
from envs.control.limits import Limits

ENTRIES: dict[str, dict[str, Any]] = {
    "default": {"marker": "o", "mfc": "white", "ls": "none"},
    "tuned: gain shown": {"marker": "D", "color": GAIN, "ls": "none"},
    "loss shown": {"marker": "X", "color": LOSS, "ls": "none"},
    "no difference shown": {"marker": "s", "color": UNSURE, "ls": "none"},
}


def draw_gains(summary: Summary) -> Figure:
    """Default above, tuned below, joined: means, their intervals, and a dot a test seed."""
    rows = {(row["task"], row["variant"]): row for row in summary.gains.to_dict("records")}
    with mpl.rc_context(STYLE):
        made = task_panels(summary, 0.36)
        for axis, task in zip(made.panels, summary.tasks, strict=True):
            for y, variant in enumerate(summary.variants):
                if (task, variant) in summary.studies:
                    row = rows[task, variant]
                    limits = score_limits(summary.studies[task, variant])
                    kept, single = row["kept"], len(summary.variants) == 1
                    _gain(axis, y, summary.tested(task, variant), _colour(row), kept, single, limits)
            widen_flat_axis(axis)
        made.label(f"{summary.unit}, test seeds")
        mark_legend(made.figure, ENTRIES)
    return made.figure


def _colour(row: Any) -> str:
    if not row["p_holm"] < LEVEL:
        return UNSURE
    return GAIN if row["difference"] > 0 else LOSS


def _gain(axis: Axes, y: int, scores: tuple[Doubles, Doubles], colour: str, kept: bool, single: bool,
          limits: Limits) -> None:  # fmt: skip
    tuned, default = scores
    above, below = (y, y) if kept else (y - 0.19, y + 0.19)
    marker = {GAIN: "D", LOSS: "X"}.get(colour, "s")
    seed_dots(axis, default, above, "0.35", **DOTS)
    interval_bar(axis, default, above, "black", limits)
    if single and not kept:  # room enough for every pair
        heights = np.stack([above + beeswarm(len(default)), below + beeswarm(len(tuned))])
        axis.plot(np.stack([default, tuned]), heights, color="0.85", lw=0.6, zorder=0)
    if not kept:
        seed_dots(axis, tuned, below, colour, **DOTS)
        interval_bar(axis, tuned, below, colour, limits)
        axis.plot([default.mean(), tuned.mean()], [above, below], color=colour, lw=0.8)
        axis.plot(tuned.mean(), below, marker, ms=4.5, color=colour)
    axis.plot(default.mean(), above, "o", ms=4.5, color="black", mfc="white")

"""What only the figures of a tuning report share: a panel a task, intervals, limits.

Their panels, titles and legends are those of all figures (benchmarks/figures/layout.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from benchmarks.figures.layout import Grid, grid, name_rows, round_ticks
from benchmarks.statistics.intervals import Interval, t_interval
from benchmarks.tuning.summary.summary import Summary
from envs.api import Doubles
from envs.control.limits import Limits

DOTS = {"size": 2.4, "half": 0.09, "alpha": 0.45}  # of `seed_dots`: rows are lower here than in other figures


def vertical_interval(axis: Axes, values: Doubles, x: float, colour: str, marker: str, limits: Limits) -> None:
    """A mean and its 95 % t interval."""
    if len(values) > 1:
        axis.plot([x, x], t_interval(values, limits=limits), color=colour, lw=1.6, solid_capstyle="butt")
    axis.plot(x, values.mean(), marker, ms=4.5, color=colour)


def task_panels(summary: Summary, row: float) -> Grid:
    """A panel a task, a row a variant, with the variants' names at the left of each line of panels."""
    names = [summary.titles[v] for v in summary.variants]
    count = len(summary.tasks)
    high = row * len(names) + (0.3 if len(names) < 4 else 0.0)
    made = grid(count, 2 if count in (2, 4) else 3, high, least=2.1, sharey=True)
    name_rows(made.panels[0], names, 0.3)
    for axis, task in zip(made.panels, summary.tasks, strict=True):
        axis.tick_params(axis="y", length=0)
        axis.xaxis.set_major_locator(round_ticks())
        axis.grid(visible=True, axis="y")
        axis.set_title(summary.titles[task])
    return made


def widen_flat_axis(axis: Axes) -> None:
    """Widen a panel whose whole width is a rounding error."""
    low, high = axis.get_xlim()
    if high - low < 0.02:
        axis.set_xlim((low + high) / 2 - 0.01, (low + high) / 2 + 0.01)


def value_limits(values: Sequence[float]) -> tuple[float, float]:
    """Limits with a margin, also where all values are one."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = max(0.08 * (high - low), 0.02)
    return low - margin, high + margin


def bounds(interval: Interval) -> str:
    """` [0.20, 0.70]`, or nothing where there is none."""
    return f" [{interval.low:.2f}, {interval.high:.2f}]" if interval.low == interval.low else ""

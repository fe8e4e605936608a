"""What only the figures of a tuning report share: marks of variants, a panel a task, intervals, limits.

Their panels, titles and legends are those of all figures (benchmarks/figures/layout.py), as wide as a page's column.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from benchmarks.figures.layout import (
    LETTER,
    PAGE_WIDTH,
    Grid,
    Margins,
    page_grid,
    round_ticks,
    title_lines,
    wrapped_title,
)
from benchmarks.statistics.intervals import Interval, t_interval
from benchmarks.tuning.summary.summary import Summary
from envs.api import Doubles
from envs.control.limits import Limits

MARKERS = ("o", "s", "^", "D", "v", "P")
DOTS = {"size": 2.4, "half": 0.09, "alpha": 0.45}  # of `seed_dots`: rows are lower here than in other figures


def variant_marker(index: int) -> str:
    """The mark of a variant."""
    return MARKERS[index % len(MARKERS)]


def vertical_interval(axis: Axes, values: Doubles, x: float, colour: str, marker: str, limits: Limits) -> None:
    """A mean and its 95 % t interval."""
    if len(values) > 1:
        axis.plot([x, x], t_interval(values, limits=limits), color=colour, lw=1.6, solid_capstyle="butt")
    axis.plot(x, values.mean(), marker, ms=4.5, color=colour)


def task_panels(summary: Summary, row: float, top: float) -> Grid:
    """A panel a task, a row a variant, with the variants' names at the left of each line of panels."""
    names = summary.variants
    columns = 1 if len(summary.tasks) == 1 else 2 if len(summary.tasks) in (2, 4) else 3
    left = max(0.5, 0.22 + LETTER * max(map(len, names)))
    most = max(len(title_lines(task, PAGE_WIDTH / columns)) for task in summary.tasks)
    high = row * len(names) + (0.6 if len(names) < 4 else 0.0)
    margins = Margins(left=left, top=top + 0.13 * most, across=0.3, down=0.45 + 0.13 * most)
    made = page_grid(len(summary.tasks), columns, high, margins)
    for i, (axis, task) in enumerate(zip(made.panels, summary.tasks, strict=True)):
        axis.set_yticks(range(len(names)), names if i % columns == 0 else [""] * len(names), fontsize=7)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.tick_params(axis="y", length=0)
        axis.tick_params(axis="x", labelsize=7)
        axis.xaxis.set_major_locator(round_ticks())
        axis.grid(axis="y", color="0.93", lw=0.6)
        axis.set_axisbelow(True)
        wrapped_title(axis, task, PAGE_WIDTH / columns)
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

"""What the figures of a tuning report share: panels, titles, legends, dots and intervals.

All figures are as wide as a page's column and no wider, so that their letters can be read on a phone.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.statistics.intervals import Interval, t_interval
from benchmarks.tuning.summary.summary import Summary
from envs.api import Doubles

WIDTH = 7.6  # inches
LETTER = 0.064  # inches of a letter of 7 points, on average
MARKERS = ("o", "s", "^", "D", "v", "P")
DOT: dict[str, Any] = {"ls": "none", "mew": 0, "alpha": 0.45}


def panels(count: int, columns: int, height: float, left: float = 0.62, top: float = 0.75, across: float = 0.4,
            down: float = 0.55, bottom: float = 0.62, right: float = 0.15) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """`count` panels of one height in inches, as wide as the figure's width allows, with these margins between them."""
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    tall = top + bottom + rows * height + (rows - 1) * down
    wide = (WIDTH - left - right - (columns - 1) * across) / columns
    figure = Figure(figsize=(WIDTH, tall))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    figure.subplots_adjust(left / WIDTH, bottom / tall, 1 - right / WIDTH, 1 - top / tall, across / wide, down / height)
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes[:count]


def axis_labels(figure: Figure, below: str, left: str = "") -> None:
    """One label for all horizontal axes and one for all vertical ones."""
    width, height = figure.get_size_inches()
    figure.supxlabel(below, fontsize=9, y=0.08 / height, va="bottom")
    if left:
        figure.supylabel(left, fontsize=9, x=0.08 / width, ha="left")


def legend(figure: Figure, entries: Mapping[str, Mapping[str, Any]], columns: int = 4) -> None:
    """A legend above the panels, of lines and marks."""
    handles = [mpl.lines.Line2D([], [], label=name, **{"color": "black", **how}) for name, how in entries.items()]
    figure.legend(
        handles=handles, loc="upper center", ncols=min(columns, len(handles)), fontsize=8, handlelength=2.6,
        columnspacing=1.4, bbox_to_anchor=(0.5, 1 - 0.05 / figure.get_figheight()),
    )  # fmt: skip


def variant_marker(index: int) -> str:
    """The mark of a variant."""
    return MARKERS[index % len(MARKERS)]


def legend_height(entries: int, columns: int = 4) -> float:
    """Inches that a legend takes."""
    return 0.19 * math.ceil(entries / columns)


def title(axis: Axes, text: str, width: float, pad: float = 6) -> None:
    """A panel's title, in as many lines as it needs."""
    axis.set_title("\n".join(title_lines(text, width)), fontsize=8.5, pad=pad)


def title_lines(text: str, width: float) -> list[str]:
    """A title of 8.5 points in lines of so many inches."""
    return textwrap.wrap(text, max(12, int(width / LETTER * 0.8)))


def few_ticks(integer: bool = False) -> mpl.ticker.MaxNLocator:
    """Few ticks at round numbers."""
    return mpl.ticker.MaxNLocator(4, steps=[1, 2, 5, 10], integer=integer)


def horizontal_interval(axis: Axes, values: Doubles, y: float, colour: str) -> None:
    """The 95 % t interval of a mean, as a bar; none of a single value."""
    if len(values) > 1:
        low, high = t_interval(values)
        axis.plot([low, high], [y, y], color=colour, lw=1.8, solid_capstyle="butt")


def seed_dots(axis: Axes, values: Doubles, y: float, colour: str) -> None:
    """A dot per seed, spread vertically."""
    axis.plot(values, y + beeswarm(len(values)), "o", ms=2.4, color=colour, **DOT)


def beeswarm(n: int) -> Doubles:
    """Offsets from a row's height [n]."""
    return np.linspace(-0.09, 0.09, n) if n > 1 else np.zeros(n)


def vertical_interval(axis: Axes, values: Doubles, x: float, colour: str, marker: str) -> None:
    """A mean and its 95 % t interval."""
    if len(values) > 1:
        axis.plot([x, x], t_interval(values), color=colour, lw=1.6, solid_capstyle="butt")
    axis.plot(x, values.mean(), marker, ms=4.5, color=colour)


def task_panels(summary: Summary, row: float, top: float) -> tuple[Figure, list[Axes]]:
    """A panel a task, a row a variant, with the variants' names at the left of each line of panels."""
    names = summary.variants
    columns = 1 if len(summary.tasks) == 1 else 2 if len(summary.tasks) in (2, 4) else 3
    left = max(0.5, 0.22 + LETTER * max(map(len, names)))
    most = max(len(title_lines(task, WIDTH / columns)) for task in summary.tasks)
    high = row * len(names) + (0.6 if len(names) < 4 else 0.0)
    figure, axes = panels(len(summary.tasks), columns, high, left, top + 0.13 * most, 0.3, 0.45 + 0.13 * most)
    for i, (axis, task) in enumerate(zip(axes, summary.tasks, strict=True)):
        axis.set_yticks(range(len(names)), names if i % columns == 0 else [""] * len(names), fontsize=7)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.tick_params(axis="y", length=0)
        axis.tick_params(axis="x", labelsize=7)
        axis.xaxis.set_major_locator(few_ticks())
        axis.grid(axis="y", color="0.93", lw=0.6)
        axis.set_axisbelow(True)
        title(axis, task, WIDTH / columns)
    return figure, axes


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

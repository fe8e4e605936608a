"""The layout that figures share: panels as wide as the figure allows, common labels, notes, rows of dots and intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.rendering.margins import NOTE
from benchmarks.figures.rendering.metrics import text_inches
from benchmarks.figures.rendering.text_fitting import broken
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import SMALL, t_band
from envs.api import Doubles
from envs.control.limits import ANYTHING, Limits

LINES_A_PANEL = 6
LEAST = 1.45  # inches of a panel with its labels, below which fewer share a row
FIRST, BETWEEN = 0.5, 0.5  # inches of labels before panels are arranged


class Grid(NamedTuple):
    """Panels of one height. Where they lie is decided when the figure is saved (rendering.margins)."""

    figure: Figure
    panels: list[Axes]

    def label(self, x: str, y: str = "") -> None:
        """One label for all horizontal axes, and one for all vertical ones."""
        label_axes(self.figure, x, y)


def label_axes(figure: Figure, x: str, y: str = "") -> None:
    """One label for all horizontal axes of a figure, and one for all vertical ones."""
    size = mpl.rcParams["axes.labelsize"]
    if x:
        figure.supxlabel(x, fontsize=size)
    if y:
        figure.supylabel(y, fontsize=size, x=0.01, ha="left")


def note(figure: Figure, text: str) -> None:
    """What marks mean, below a figure."""
    count = sum(str(other.get_gid()).startswith(NOTE) for other in figure.texts)
    figure.text(0.5, 0.01, text, fontsize=SMALL, color="0.35", ha="center", gid=f"{NOTE}-{count + 1}")


def columns_that_fit(count: int, most: int, least: float = LEAST) -> int:
    """Panels of a row: at most so many, none narrower than `least` inches with its labels, rows as equal as can be."""
    most = max(1, min(count, most, int((figure_width() - 0.25) / least)))
    return math.ceil(count / math.ceil(count / most))


def grid(
    count: int, columns: int, height: float, least: float = LEAST, sharex: bool = False, sharey: bool = False
) -> Grid:
    """`count` panels of this height in inches, at most `columns` in a row.

    least  inches of a panel with its labels, below which fewer share a row
    """
    columns = columns_that_fit(count, columns, least)
    rows = math.ceil(count / columns)
    figure, axes = _subplots(rows, columns, height)
    panels = list(axes.flat)[:count]
    for i, axis in enumerate(panels):
        if i and sharex:
            axis.sharex(panels[0])
        if i and sharey:
            axis.sharey(panels[0])
        axis.tick_params(
            labelleft=not sharey or i % columns == 0, labelbottom=not sharex or i + columns >= count, which="both"
        )
    for axis in list(axes.flat)[count:]:
        axis.set_visible(False)
    return Grid(figure, panels)


class Matrix(NamedTuple):
    """Panels by row and item."""

    figure: Figure
    rows: list[list[Axes]]
    first: list[bool]  # which items stand at the left of a line, where the labels of rows belong


def matrix_of_panels(
    rows: int, count: int, height: float, most: int = 4, least: float = LEAST, sharex: bool = True, sharey: bool = False
) -> Matrix:
    """A row a measure and a column an item; items that do not fit stand below, with rows of their own.

    sharex  among the panels of one item      sharey  among those of one row
    """
    columns = columns_that_fit(count, most, least)
    bands = math.ceil(count / columns)
    figure, axes = _subplots(bands * rows, columns, height)
    panels = [[axes[i // columns * rows + row, i % columns] for i in range(count)] for row in range(rows)]
    for row, line in enumerate(panels):
        for i, axis in enumerate(line):
            if row and sharex:
                axis.sharex(panels[0][i])
            if i and sharey:
                axis.sharey(line[0])
            bottom, left = not sharex or row == rows - 1, not sharey or i % columns == 0
            axis.tick_params(labelbottom=bottom, labelleft=left, which="both")
    used = {id(axis) for line in panels for axis in line}
    for axis in axes.flat:
        axis.set_visible(id(axis) in used)
    return Matrix(figure, panels, [i % columns == 0 for i in range(count)])


def _subplots(rows: int, columns: int, height: float) -> tuple[Figure, np.ndarray]:
    """Panels of this height in a figure of the width that is asked for."""
    width = figure_width()
    tall = rows * height + rows * BETWEEN + FIRST
    figure = Figure(figsize=(width, tall))
    axes = figure.subplots(rows, columns, squeeze=False)
    inner = (width - FIRST - 0.1 - (columns - 1) * BETWEEN) / columns
    figure.subplots_adjust(FIRST / width, FIRST / tall, 1 - 0.1 / width, (tall - BETWEEN) / tall,
                           BETWEEN / inner, BETWEEN / height)  # fmt: skip
    return figure, axes


def stack(heights: Sequence[float]) -> Grid:
    """Panels of these heights in inches, one above the other."""
    return packed_panels([[i] for i in range(len(heights))], heights)


def packed_panels(rows: Sequence[Sequence[int]], height: float | Sequence[float]) -> Grid:
    """Lines of one or two panels, of one height in inches or of one for each line; one alone takes the whole width.

    rows  the panels of each line by their index
    """
    heights = [height] * len(rows) if isinstance(height, (int, float)) else list(height)
    columns = max(len(line) for line in rows)
    tall = sum(heights) + (len(rows) + 1) * BETWEEN
    figure = Figure(figsize=(figure_width(), tall))
    share = BETWEEN * len(rows) / sum(heights)
    places = figure.add_gridspec(
        len(rows), columns, left=0.2, right=0.95, bottom=BETWEEN / tall, top=1 - BETWEEN / tall, hspace=share,
        height_ratios=heights,
    )  # fmt: skip
    panels = {
        i: figure.add_subplot(places[r, :] if len(line) == 1 and columns > 1 else places[r, c])
        for r, line in enumerate(rows)
        for c, i in enumerate(line)
    }
    return Grid(figure, [panels[i] for i in sorted(panels)])


ROW = 0.24  # inches of a row with its dots


def row_chart(rows: int, each: float = ROW) -> tuple[Figure, Axes]:
    """A figure of one panel with so many rows, each with a name at the left."""
    made = grid(1, 1, max(each * rows, 2 * each))
    return made.figure, made.panels[0]


def name_rows(axis: Axes, names: Sequence[str], share: float = 0.4) -> None:
    """Names of rows at the left, the first above; those of more than this share of the figure's width are broken."""
    room = share * figure_width()
    axis.set_yticks(range(len(names)), [broken(name, room, SMALL) for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")


def line_groups(names: Sequence[str]) -> list[list[str]]:
    """Lines in the fewest groups that one panel keeps distinguishable, each as large as the next: 7 are 4 and 3."""
    size = math.ceil(len(names) / max(1, math.ceil(len(names) / LINES_A_PANEL)))
    return [list(names[i : i + size]) for i in range(0, len(names), size or 1)]


def thousands(axis: Axes) -> None:
    """Few ticks, as 50k and 1M."""
    axis.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    axis.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4, steps=[1, 2, 5, 10]))


def round_ticks(integer: bool = False) -> mpl.ticker.MaxNLocator:
    """Few ticks at round numbers."""
    return mpl.ticker.MaxNLocator(4, steps=[1, 2, 5, 10], integer=integer)


def show_scores(axis: Axes) -> None:
    """A vertical axis of normalised scores, so that noise of 1e-8 about a constant does not fill the panel."""
    axis.set_ylim(-0.08, 1.08)


def beeswarm(n: int, half: float = 0.09) -> Doubles:
    """Heights of a row's `n` dots, up to `half` a row from its own."""
    return np.linspace(-half, half, n) if n > 1 else np.zeros(n)


MANY_DOTS = 40  # in a row


def seed_dots(axis: Axes, values: Doubles, y: float, colour: str, size: float = 2.2, half: float = 0.16,
              alpha: float = 0.4) -> None:  # fmt: skip
    """A dot per seed in row `y`, spread vertically. More than MANY_DOTS are paler, so that they hide no interval."""
    alpha *= min(1.0, MANY_DOTS / max(len(values), 1))
    axis.plot(values, y + beeswarm(len(values), half), "o", ms=size, color=colour, alpha=alpha, mew=0)


def interval_bar(axis: Axes, values: Doubles, y: float, colour: str, limits: Limits = ANYTHING) -> None:
    """The 95 % t interval of the mean of these values in row `y`; none of a single value."""
    if len(values) > 1:
        _, low, high = t_band(values, limits)
        axis.plot([low, high], [y, y], color=colour, lw=1.8, solid_capstyle="butt")


BAR, MARK = 6.5, 3.6  # points: an interval is a bar taller than its mark, so that a short one is seen around it


def mark_on_interval(axis: Axes, estimate: tuple[float, float, float], y: float, colour: str, mark: str,
                     filled: bool = True) -> None:  # fmt: skip
    """A pale bar from `low` to `high` in row `y` and a mark at the middle of `estimate`: middle, low, high."""
    middle, low, high = estimate
    axis.plot([low, high], [y, y], color=colour, lw=BAR, alpha=0.5, solid_capstyle="butt")
    axis.plot([middle], [y], mark, ms=MARK, color=colour, mfc=colour if filled else "white", mew=0.8)


def longest_inches(names: Sequence[str], points: float = SMALL) -> float:
    """The width of the longest of these names."""
    return max((text_inches(name, points) for name in names), default=0.0)

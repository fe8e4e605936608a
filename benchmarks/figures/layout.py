"""The layout that figures share: grids of panels, common labels, legends, titles, rows of dots and intervals."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.style import LONG_WORD, line_styles, t_band
from envs.api import Doubles
from envs.control.limits import ANYTHING, Limits

LINES_A_PANEL = 6
LEAST_WIDTH = 5.4  # inches of a figure with a legend above it
PAGE_WIDTH = 7.6  # inches of a page's column
LETTER = 0.064  # inches of a letter of 7 points, on average
INCHES_AN_ENTRY, INCHES_A_LONG_ENTRY = 1.6, 2.5  # of a legend; a name that had to be cut


class Margins(NamedTuple):
    """Inches around the panels and between them."""

    left: float = 0.62
    right: float = 0.15
    top: float = 0.75
    bottom: float = 0.62
    across: float = 0.4
    down: float = 0.55


PAGE_MARGINS = Margins()


class Grid(NamedTuple):
    """Panels of equal size with room for their labels, placed here: a layout engine takes longer than drawing them."""

    figure: Figure
    panels: list[Axes]

    def label(self, x: str, y: str = "", bottom: float = 0.06) -> None:
        """One label for all horizontal axes, `bottom` inches above the figure's edge, and one for all vertical ones."""
        width, height = self.figure.get_size_inches()
        self.figure.supxlabel(x, fontsize=9, y=bottom / height, va="bottom")
        if y:
            self.figure.supylabel(y, fontsize=9, x=0.08 / width, ha="left")


def grid(count: int, columns: int, panel: tuple[float, float], y_label: bool = True) -> Grid:
    """`count` panels of this width and height in inches; `y_label` leaves room for a label at the left."""
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    margins = Margins(0.75 if y_label else 0.5, 0.12, 0.8, 0.55, 0.5, 0.5)
    wide = margins.left + margins.right + columns * panel[0] + (columns - 1) * margins.across
    return _placed(count, (rows, columns), max(wide, LEAST_WIDTH), panel[1], margins)


def page_grid(count: int, columns: int, height: float, margins: Margins = PAGE_MARGINS) -> Grid:
    """`count` panels of one height in inches, as wide as a page's column allows: their letters can be read on a phone."""
    columns = min(columns, count)
    return _placed(count, (math.ceil(count / columns), columns), PAGE_WIDTH, height, margins)


def _placed(count: int, shape: tuple[int, int], width: float, panel_height: float, margins: Margins) -> Grid:
    rows, columns = shape
    left, right, top, bottom, across, down = margins
    height = top + bottom + rows * panel_height + (rows - 1) * down
    figure = Figure(figsize=(width, height))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    inner = width - left - right - (columns - 1) * across
    figure.subplots_adjust(
        left / width,
        bottom / height,
        1 - right / width,
        1 - top / height,
        across * columns / inner,
        down / panel_height,
    )
    return Grid(figure, _first(axes, count))


def constrained_grid(count: int, columns: int, panel: tuple[float, float], extra: float, least: float = LEAST_WIDTH,
                     **shared: Any) -> Grid:  # fmt: skip
    """`count` panels that a layout engine arranges, in so many inches each with labels, `extra` ones above them all.

    least  inches of the figure's width at least      shared  sharex, sharey of matplotlib's subplots
    """
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    size = (max(panel[0] * columns, least), panel[1] * rows + extra)
    figure = Figure(figsize=size, layout="constrained")
    return Grid(figure, _first(list(figure.subplots(rows, columns, squeeze=False, **shared).flat), count))


def _first(axes: list[Axes], count: int) -> list[Axes]:
    """The first `count` of these; the others are hidden."""
    for axis in axes[count:]:
        axis.set_visible(False)
    return axes[:count]


def row_chart(rows: int) -> tuple[Figure, Axes]:
    """A figure of one panel with so many rows, each with a name at the left."""
    figure = Figure(figsize=(7.4, 0.42 * rows + 1.4), layout="constrained")
    return figure, figure.subplots()


def name_rows(axis: Axes, names: Sequence[str]) -> None:
    """Names of rows at the left, the first above."""
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)


def line_groups(names: Sequence[str]) -> list[list[str]]:
    """Lines in groups of as many as one panel keeps distinguishable."""
    return [list(names[i : i + LINES_A_PANEL]) for i in range(0, len(names), LINES_A_PANEL)]


def line_legend(
    figure: Figure,
    names: Sequence[str],
    title: str,
    columns: int = 6,
    among: Sequence[str] = (),
    looks: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """A legend of lines above the panels, as wide as the figure allows; `among` as in `line_styles`.

    looks  settings of lines that are drawn in another style
    """
    styles = line_styles(names, among)
    drawn = {n: looks.get(n) or {"lw": 1.6, **styles[n].settings()} for n in names}
    handles = [mpl.lines.Line2D([], [], label=n, **look) for n, look in drawn.items()]
    long = any(len(n) > LONG_WORD for n in names)
    entry = INCHES_A_LONG_ENTRY if long else INCHES_AN_ENTRY
    fit = max(2, int(figure.get_figwidth() / entry))
    place: Literal["upper center", "outside upper center"] = "outside upper center"
    if figure.get_layout_engine() is None:
        place = "upper center"
    figure.legend(handles=handles, loc=place, ncols=min(len(names), columns, fit), title=title)


def mark_legend(figure: Figure, entries: Mapping[str, Mapping[str, Any]], columns: int = 4) -> None:
    """A legend of lines and marks above the panels; by name, what differs from a black line."""
    handles = [mpl.lines.Line2D([], [], label=name, **{"color": "black", **how}) for name, how in entries.items()]
    figure.legend(
        handles=handles, loc="upper center", ncols=min(columns, len(handles)), fontsize=8, handlelength=2.6,
        columnspacing=1.4, bbox_to_anchor=(0.5, 1 - 0.05 / figure.get_figheight()),
    )  # fmt: skip


def mark_legend_height(entries: int, columns: int = 4) -> float:
    """Inches that a `mark_legend` takes."""
    return 0.19 * math.ceil(entries / columns)


def wrapped_title(axis: Axes, text: str, width: float, pad: float = 6) -> None:
    """A panel's title in as many lines of `width` inches as it needs."""
    axis.set_title("\n".join(title_lines(text, width)), fontsize=8.5, pad=pad)


def title_lines(text: str, width: float) -> list[str]:
    """A title of 8.5 points in lines of so many inches."""
    return textwrap.wrap(text, max(12, int(width / LETTER * 0.8)))


def thousands(axis: Axes) -> None:
    """Few ticks, as 50k and 1M."""
    axis.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    axis.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))


def round_ticks(integer: bool = False) -> mpl.ticker.MaxNLocator:
    """Few ticks at round numbers."""
    return mpl.ticker.MaxNLocator(4, steps=[1, 2, 5, 10], integer=integer)


def show_scores(axis: Axes) -> None:
    """A vertical axis of normalised scores, so that noise of 1e-8 about a constant does not fill the panel."""
    axis.set_ylim(-0.08, 1.08)


def beeswarm(n: int, half: float = 0.09) -> Doubles:
    """Heights of a row's `n` dots, up to `half` a row from its own."""
    return np.linspace(-half, half, n) if n > 1 else np.zeros(n)


def seed_dots(axis: Axes, values: Doubles, y: float, colour: str, size: float = 2.6, half: float = 0.16,
              alpha: float = 0.4) -> None:  # fmt: skip
    """A dot per seed in row `y`, spread vertically."""
    axis.plot(values, y + beeswarm(len(values), half), "o", ms=size, color=colour, alpha=alpha, mew=0)


def interval_bar(axis: Axes, values: Doubles, y: float, colour: str, limits: Limits = ANYTHING) -> None:
    """The 95 % t interval of the mean of these values in row `y`; none of a single value."""
    if len(values) > 1:
        _, low, high = t_band(values, limits)
        axis.plot([low, high], [y, y], color=colour, lw=1.8, solid_capstyle="butt")

"""Margins that hold every label: they are measured, and those that are too small grow.

For figures whose panels `layout.grid` places. A layout engine does the same and takes several times as long. Panels keep
their size in inches; the figure grows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase

EDGE = 0.06  # inches between a label and the figure's edge: browsers set text a little wider than we measure it
INSIDE = 0.03  # the same for a figure that a layout engine has arranged
GAP = 0.04  # inches between two labels
NOTHING = 0.005  # growth below which a figure is left as it is


class Panel(NamedTuple):
    """One set of axes, in inches from the figure's lower left corner."""

    axes: Axes
    frame: Bbox  # of the axes alone
    outer: Bbox  # with tick labels, titles, annotations
    column: int  # in the grid; 0 for axes outside a grid
    row: int  # from the top


class Growth(NamedTuple):
    """Inches that a figure lacks at its edges, and before each column and below each row of panels but the first."""

    left: float
    right: float
    bottom: float
    top: float
    across: list[float]
    down: list[float]


def make_room(figure: Figure) -> None:
    """Grow the margins of a figure without a layout engine until every label fits.

    Tick labels, titles and annotations then lie inside the figure, to the right of its own label and below its legend. In a
    grid of panels none reaches into the labels of its neighbour.
    """
    renderer = _renderer(figure)
    panels = [_measured(axes, renderer, figure.dpi) for axes in figure.axes if axes.get_visible()]
    if not panels:
        return
    width, height = figure.get_size_inches().tolist()

    def extent(artist: Artist | None) -> Bbox | None:
        return _inches(artist.get_window_extent(renderer), figure.dpi) if artist is not None else None

    y_label, x_label = (extent(text) for text in _common_labels(figure))
    legends = [box for legend in figure.legends if (box := extent(legend))]
    ceiling = min((box.y0 - GAP for box in legends), default=height - EDGE)
    growth = Growth(
        left=max(0.0, (y_label.x1 + GAP if y_label else EDGE) - min(p.outer.x0 for p in panels)),
        right=max(0.0, max(p.outer.x1 for p in panels) + EDGE - width),
        bottom=max(0.0, (x_label.y1 + GAP if x_label else EDGE) - min(p.outer.y0 for p in panels)),
        top=max(0.0, max(p.outer.y1 for p in panels) - ceiling),
        across=_between(
            (p.column, p.frame.x0 - p.outer.x0, p.outer.x1 - p.frame.x1, p.frame.x0, p.frame.x1) for p in panels
        ),
        down=_between(
            (p.row, p.outer.y1 - p.frame.y1, p.frame.y0 - p.outer.y0, -p.frame.y1, -p.frame.y0) for p in panels
        ),
    )
    _grow(figure, panels, growth)


def keep_inside(figure: Figure) -> None:
    """Grow a figure that a layout engine has arranged, and that stays as it is, where a label still leaves it."""
    renderer = _renderer(figure)
    width, height = figure.get_size_inches().tolist()
    box = figure.get_tightbbox(renderer)  # in inches
    sides = [INSIDE - box.x0, box.x1 + INSIDE - width, INSIDE - box.y0, box.y1 + INSIDE - height]
    left, right, bottom, top = (max(0.0, side) for side in sides)
    panels = [_measured(axes, renderer, figure.dpi)._replace(column=0, row=0) for axes in figure.axes]
    _grow(figure, panels, Growth(left, right, bottom, top, [], []))


def _grow(figure: Figure, panels: Sequence[Panel], growth: Growth) -> None:
    """Panels keep their size, and the figure grows around and between them."""
    width, height = figure.get_size_inches().tolist()
    wide = growth.left + sum(growth.across) + growth.right
    tall = growth.bottom + sum(growth.down) + growth.top
    if wide < NOTHING and tall < NOTHING:
        return
    _keep_labels(figure, (width, height), (width + wide, height + tall))
    figure.set_size_inches(width + wide, height + tall)
    for panel in panels:
        x = panel.frame.x0 + growth.left + sum(growth.across[: panel.column])
        y = panel.frame.y0 + growth.bottom + sum(growth.down[panel.row :])
        place = (x / (width + wide), y / (height + tall))
        panel.axes.set_position((*place, panel.frame.width / (width + wide), panel.frame.height / (height + tall)))


def _renderer(figure: Figure) -> RendererAgg:
    canvas = figure.canvas if isinstance(figure.canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
    return canvas.get_renderer()  # type: ignore[no-untyped-call]


def _inches(box: BboxBase, dpi: float) -> Bbox:
    return Bbox(box.get_points() / dpi)


def _measured(axes: Axes, renderer: RendererAgg, dpi: float) -> Panel:
    frame = _inches(axes.get_window_extent(), dpi)
    labels = axes.get_tightbbox(renderer)
    spec = axes.get_subplotspec()
    column, row = (spec.colspan.start, spec.rowspan.start) if spec is not None else (0, 0)
    return Panel(axes, frame, Bbox.union([frame, _inches(labels, dpi)]) if labels is not None else frame, column, row)


def _between(sides: Iterable[tuple[int, float, float, float, float]]) -> list[float]:
    """What each gap between lines of panels lacks. sides: (line, labels before, labels after, start, end) of each panel."""
    lines: dict[int, list[float]] = {}
    for line, before, after, start, end in sides:
        lines[line] = np.maximum(lines.get(line, [-np.inf] * 4), [before, after, -start, end]).tolist()
    order = sorted(lines)
    lacking = [0.0] * max(order)
    for one, other in itertools.pairwise(order):
        _, after, _, end = lines[one]
        before, _, start, _ = lines[other]
        lacking[other - 1] = max(0.0, after + before + GAP - (-start - end))
    return lacking


def _common_labels(figure: Figure) -> tuple[Text | None, Text | None]:
    """The label of all vertical axes, at the left, and that of all horizontal ones, below."""
    texts = (figure.get_supylabel(), figure.get_supxlabel())
    y_label, x_label = (next((t for t in figure.texts if label and t.get_text() == label), None) for label in texts)
    return y_label, x_label


def _keep_labels(figure: Figure, old: tuple[float, float], new: tuple[float, float]) -> None:
    """The figure's own labels keep their distance in inches: from the left, from the bottom; other texts from the top."""
    y_label, x_label = _common_labels(figure)
    if y_label is not None:
        y_label.set_x(y_label.get_position()[0] * old[0] / new[0])
    if x_label is not None:
        x_label.set_y(x_label.get_position()[1] * old[1] / new[1])
    for text in figure.texts:
        if text is not y_label and text is not x_label:
            text.set_y(1 - (1 - text.get_position()[1]) * old[1] / new[1])

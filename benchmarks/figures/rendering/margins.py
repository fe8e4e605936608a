"""Panels arranged in a figure of a given width: what is written around them is measured, and they share what is left.

The figure's width is what was asked for, and panels keep their height in inches, so the figure is as tall as they need. A
layout engine keeps the whole size instead, and takes several times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from benchmarks.figures.rendering.metrics import extent, inches, renderer_of
from benchmarks.figures.rendering.wrapping import thin_ticks, wrap_labels

EDGE = 0.06  # inches between a label and the figure's edge: browsers set text a little wider than we measure it
GAP = 0.08  # inches between the labels of two panels, and between a legend and a panel
NARROWEST = 0.35  # inches of a panel: below them the figure is wider than was asked for
NOTHING = 0.004  # inches by which panels may differ from where they belong
ROUNDS = 4  # labels change with the panels' width, which changes with the labels
NOTE = "note"  # the gids of explanations at the foot of a figure begin with it


class Panel(NamedTuple):
    """One set of axes: what it needs around its frame, in inches, and its columns and rows in the grid, inclusive."""

    axes: Axes
    frame: Bbox
    left: float
    right: float
    above: float
    below: float
    columns: tuple[int, int]
    rows: tuple[int, int]


class Furniture(NamedTuple):
    """The inches that a figure's own texts take, outside of all panels."""

    left: float
    above: float
    below: float


def arrange(figure: Figure) -> None:
    """Place panels, legends, labels and notes so that every text lies inside the figure, and none on another panel's."""
    asked = float(figure.get_figwidth())
    wrap_labels(figure, renderer_of(figure))
    for _ in range(ROUNDS):
        renderer = renderer_of(figure)
        panels = [_measured(axes, renderer, figure.dpi) for axes in figure.axes if axes.get_visible()]
        if not panels:
            return
        moved = _place(figure, asked, panels, _furniture(figure, renderer))
        _place_furniture(figure, renderer)
        changed = wrap_labels(figure, renderer) | thin_ticks(figure, renderer)
        if moved < NOTHING and not changed:
            return


def _place(figure: Figure, asked: float, panels: Sequence[Panel], furniture: Furniture) -> float:
    """Give the panels their places in so many inches; the largest distance that an edge has moved."""
    count = 1 + max(panel.columns[1] for panel in panels)
    left = [max((p.left for p in panels if p.columns[0] == c), default=0.0) for c in range(count)]
    right = [max((p.right for p in panels if p.columns[1] == c), default=0.0) for c in range(count)]
    taken = furniture.left + sum(left) + sum(right) + GAP * (count - 1) + 2 * EDGE
    each = max((asked - taken) / count, NARROWEST)
    width = asked if (asked - taken) / count >= NARROWEST else taken + count * each
    starts = [furniture.left + EDGE + sum(left[: c + 1]) + sum(right[:c]) + c * (each + GAP) for c in range(count)]
    lines = 1 + max(panel.rows[1] for panel in panels)
    above = [max((p.above for p in panels if p.rows[0] == r), default=0.0) for r in range(lines)]
    below = [max((p.below for p in panels if p.rows[1] == r), default=0.0) for r in range(lines)]
    tall = [max((p.frame.height for p in panels if p.rows == (r, r)), default=0.0) for r in range(lines)]
    height = furniture.above + furniture.below + sum(above) + sum(below) + sum(tall) + GAP * (lines - 1) + 2 * EDGE
    tops = [
        height - furniture.above - EDGE - sum(above[: r + 1]) - sum(below[:r]) - sum(tall[:r]) - r * GAP
        for r in range(lines)
    ]
    figure.set_size_inches(width, height)
    moved = 0.0
    for panel in panels:
        x0, x1 = starts[panel.columns[0]], starts[panel.columns[1]] + each
        y1, y0 = tops[panel.rows[0]], tops[panel.rows[1]] - tall[panel.rows[1]]
        panel.axes.set_position((x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height))
        moved = max(moved, abs(panel.frame.x0 - x0), abs(panel.frame.x1 - x1), abs(panel.frame.y0 - y0))
    return moved


def _measured(axes: Axes, renderer: RendererAgg, dpi: float) -> Panel:
    frame = inches(axes.get_window_extent(), dpi)
    labels = axes.get_tightbbox(renderer)
    outer = Bbox.union([frame, inches(labels, dpi)]) if labels is not None else frame
    spec = axes.get_subplotspec()
    columns, rows = ((s.start, s.stop - 1) for s in (spec.colspan, spec.rowspan)) if spec else ((0, 0), (0, 0))
    around = (frame.x0 - outer.x0, outer.x1 - frame.x1, outer.y1 - frame.y1, frame.y0 - outer.y0)
    return Panel(axes, frame, *around, columns, rows)


def _furniture(figure: Figure, renderer: RendererAgg) -> Furniture:
    y_label, x_label, notes = _own_texts(figure)
    legends = [extent(legend, renderer, figure.dpi).height + GAP for legend in figure.legends]
    return Furniture(
        extent(y_label, renderer, figure.dpi).width + GAP if y_label else 0.0,
        sum(legends),
        sum(extent(text, renderer, figure.dpi).height + GAP / 2 for text in (x_label, *notes) if text),
    )


def _place_furniture(figure: Figure, renderer: RendererAgg) -> None:
    """Legends above the panels, in order; below them the common label, then the notes."""
    width, height = figure.get_size_inches().tolist()
    frames = [axes.get_position() for axes in figure.axes if axes.get_visible()]
    middle = (min(f.x0 for f in frames) + max(f.x1 for f in frames)) / 2
    y_label, x_label, notes = _own_texts(figure)
    y = EDGE
    for text in (*reversed(notes), x_label):
        if text:
            text.set_verticalalignment("bottom")
            text.set_horizontalalignment("center")
            text.set_position((_inside(middle, extent(text, renderer, figure.dpi).width, width), y / height))
            y += extent(text, renderer, figure.dpi).height + GAP / 2
    if y_label:
        centre = (min(f.y0 for f in frames) + max(f.y1 for f in frames)) / 2
        y_label.set_verticalalignment("center")
        y_label.set_position((EDGE / width, _inside(centre, extent(y_label, renderer, figure.dpi).height, height)))
    top = height - EDGE
    for legend in figure.legends:
        box = extent(legend, renderer, figure.dpi)
        legend.set_loc("upper center")
        legend.set_bbox_to_anchor((_inside(middle, box.width, width), top / height), figure.transFigure)
        top -= box.height + GAP


def _inside(middle: float, long: float, whole: float) -> float:
    """The middle of something so long, as near to this one as the figure's edges allow; as a share of the whole."""
    half = min((long / 2 + EDGE) / whole, 0.5)
    return min(max(middle, half), 1 - half)


def _own_texts(figure: Figure) -> tuple[Text | None, Text | None, list[Text]]:
    """The label of all vertical axes, that of all horizontal ones, and the notes."""
    labels = (figure.get_supylabel(), figure.get_supxlabel())
    y_label, x_label = (next((t for t in figure.texts if label and t.get_text() == label), None) for label in labels)
    return y_label, x_label, [text for text in figure.texts if str(text.get_gid()).startswith(NOTE) and text.get_text()]

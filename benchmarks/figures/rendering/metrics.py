"""The size of text before it is drawn, and the artists of a figure in inches."""

from __future__ import annotations

from functools import cache

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox, BboxBase


@cache
def text_inches(text: str, points: float) -> float:
    """The width of a line of text in the figures' font."""
    return max(_measure(line, points) for line in text.split("\n"))


def _measure(line: str, points: float) -> float:
    renderer, font = _measuring(), FontProperties(family=FAMILY, size=points)
    with mpl.rc_context({"text.hinting": "none"}):
        width: float = renderer.get_text_width_height_descent(line, font, False)[0]  # type: ignore[no-untyped-call]
    return width / renderer.dpi


FAMILY = "DejaVu Sans"  # the first of the figures' fonts: it comes with Matplotlib, so widths are the same everywhere


@cache
def _measuring() -> RendererAgg:
    return RendererAgg(1, 1, mpl.rcParamsDefault["figure.dpi"])  # type: ignore[no-untyped-call]


def renderer_of(figure: Figure) -> RendererAgg:
    """What measures a figure's artists."""
    canvas = figure.canvas if isinstance(figure.canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
    return canvas.get_renderer()  # type: ignore[no-untyped-call]


def extent(artist: Artist, renderer: RendererAgg, dpi: float) -> Bbox:
    """Where an artist lies, in inches from the figure's lower left corner."""
    return inches(artist.get_window_extent(renderer), dpi)


def inches(box: BboxBase, dpi: float) -> Bbox:
    """A box of pixels in inches."""
    return Bbox(box.get_points() / dpi)

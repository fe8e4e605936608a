"""What is wrong with a drawn figure: its width, its type, texts beyond its edges, on one another or crossed by lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from benchmarks.figures.rendering import output, text_fitting
from benchmarks.figures.rendering.metrics import inches, renderer_of
from benchmarks.figures.style import STYLE
from envs.api import Doubles

TYPE = (7.0, 9.0)  # points
TOUCH = 0.01  # inches by which two texts may meet
STEPS = 50  # points of a line at which it is looked for under a text


def laid_out(figure: Figure) -> Figure:
    """The figure as it is saved."""
    with mpl.rc_context(STYLE), text_fitting.without_glyph_warnings():
        output.lay_out(figure)
    return figure


def texts(figure: Figure) -> list[tuple[Text, Bbox]]:
    """Every text that is shown, and its box in inches; ticks that are out of view left out."""
    with mpl.rc_context(STYLE):
        renderer = renderer_of(figure)
        figure.draw_without_rendering()
        hidden = {id(t) for axes in figure.axes if not axes.get_visible() for t in axes.findobj(Text)}
        hidden |= {id(t) for axes in figure.findobj(Axes) if isinstance(axes, Axes) for t in _out_of_view(axes)}
        shown = [t for t in figure.findobj(Text) if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
        return [(t, _box(t, renderer, figure.dpi)) for t in shown if id(t) not in hidden]


def _box(text: Text, renderer: RendererAgg, dpi: float) -> Bbox:
    """The box of the letters alone: that of an annotation holds its line to the point too, and the space between both."""
    return inches(Text.get_window_extent(text, renderer), dpi)


def lines_to_points(figure: Figure) -> list[tuple[Text, Doubles]]:
    """Annotations that have a line to their point, and points along it [n, 2] in inches."""
    with mpl.rc_context(STYLE):
        figure.draw_without_rendering()
        found = [t for t in figure.findobj(Annotation) if isinstance(t, Annotation) and t.arrow_patch is not None]
        paths = [t.arrow_patch.get_transform().transform_path(t.arrow_patch.get_path()) for t in found]
    ends = [path.vertices[[0, -1]] / figure.dpi for path in paths]
    steps = np.linspace(0, 1, STEPS)[:, None]
    return [(text, first + steps * (last - first)) for text, (first, last) in zip(found, ends, strict=True)]


def _out_of_view(axes: Axes) -> Iterator[Text]:
    """The labels of ticks beyond the limits of their axis, which are not drawn."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        air = 1e-9 * (high - low)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not axes.axison or not low - air <= tick.get_loc() <= high + air:
                yield from (tick.label1, tick.label2)


def faults(figure: Figure, width: float) -> list[str]:
    """Complaints about a figure that is laid out: its width in inches, type, texts beyond its edges, texts on others."""
    wide, tall = figure.get_size_inches().tolist()
    said = [f"{wide:.3f} inches wide, not {width:.3f}"] if abs(wide - width) > 0.005 else []
    level = []
    for text, box in texts(figure):
        name = text.get_text()[:40]
        if not TYPE[0] <= text.get_fontsize() <= TYPE[1]:
            said.append(f"{name!r} has type of {text.get_fontsize():g} points")
        over = max(-box.x0, -box.y0, box.x1 - wide, box.y1 - tall)
        if over > TOUCH:
            said.append(f"{name!r} leaves the figure by {over:.2f} inches")
        if text.get_rotation() % 90 == 0:
            level.append((name, Bbox([[box.x0 + TOUCH, box.y0 + TOUCH], [box.x1 - TOUCH, box.y1 - TOUCH]])))
    pairs = ((a, b) for (a, p), (b, q) in itertools.combinations(level, 2) if p.overlaps(q))
    said += [f"{a!r} lies on {b!r}" for a, b in pairs]
    for text, points in lines_to_points(figure):
        name = text.get_text()[:40]
        crossed = [other for other, box in level if other != name and any(box.contains(*point) for point in points)]
        said += [f"the line of {name!r} crosses {other!r}" for other in crossed]
    return said

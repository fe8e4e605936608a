"""Labels that are wider than their panels: titles and names of axes take more lines, and ticks become fewer."""

from __future__ import annotations

import itertools
import textwrap

from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from benchmarks.figures.rendering.metrics import extent, text_inches

SPACE = 0.03  # inches between two labels of one axis
SHORTEST = 6  # characters of a line
EVEN = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # shares of the room in which lines are tried, so that they are even
FEW = 4  # ticks of a crowded logarithmic axis


def wrap_labels(figure: Figure, renderer: RendererAgg) -> bool:
    """Titles as wide as their panel, names of axes as long as theirs; whether any was changed."""
    changed = False
    for axes in _visible(figure):
        frame = extent(axes, renderer, figure.dpi)
        for text in (axes.title, axes.xaxis.label):
            changed |= _wrap(text, extent(text, renderer, figure.dpi).width, frame.width)
        changed |= _wrap(axes.yaxis.label, extent(axes.yaxis.label, renderer, figure.dpi).height, frame.height)
    for text in figure.texts:
        box, vertical = extent(text, renderer, figure.dpi), text.get_rotation() == 90
        room = (figure.get_figheight() if vertical else figure.get_figwidth()) - 0.12
        changed |= _wrap(text, box.height if vertical else box.width, room)
    return changed


def _wrap(text: Text, length: float, room: float) -> bool:
    """Break a text of this length into lines that fit, if it has words to break at."""
    content = text.get_text()
    if length <= room or not content:
        return False
    points, lines = float(text.get_fontsize()), content.split("\n")
    wrapped = "\n".join(part for line in lines for part in even_lines(line, room, points))
    if wrapped == content:  # in another font than is measured, which takes more room
        fit = max(SHORTEST, int(max(map(len, lines)) * room / length))
        wrapped = "\n".join(
            part
            for line in lines
            for part in textwrap.wrap(line, fit, break_long_words=False, break_on_hyphens=False) or [""]
        )
    text.set_text(wrapped)
    return wrapped != content


def even_lines(line: str, room: float, points: float) -> list[str]:
    """A text in the fewest lines of at most so many inches, as even as can be: no word is left alone on the last one."""
    made = _filled(line, room, points)
    if len(made) == 1:
        return made
    narrower = (_filled(line, share * room, points) for share in EVEN)
    first, *others = next((lines for lines in narrower if len(lines) == len(made)), made)
    return [first, *even_lines(" ".join(others), room, points)]


def _filled(line: str, room: float, points: float) -> list[str]:
    """Lines that take each word for which they have room."""
    made = [""]
    for word in line.split(" "):
        longer = f"{made[-1]} {word}" if made[-1] else word
        if made[-1] and text_inches(longer, points) > room:
            made.append(word)
        else:
            made[-1] = longer
    return made


def thin_ticks(figure: Figure, renderer: RendererAgg) -> bool:
    """Fewer ticks on axes whose labels overlap; whether any was changed."""
    changed = False
    for axes in _visible(figure):
        for axis in (axes.xaxis, axes.yaxis):
            if _crowded(axis, renderer, figure.dpi):
                changed |= _thin(axis)
    return changed


def _crowded(axis: Axis, renderer: RendererAgg, dpi: float) -> bool:
    """Whether two neighbouring labels overlap; turned ones may."""
    low, high = sorted(axis.get_view_interval())
    labels = [
        tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_visible()
    ]
    labels = [label for label in labels if label.get_text()]
    if any(label.get_rotation() % 90 for label in labels):
        return False
    boxes = [extent(label, renderer, dpi) for label in labels]
    spans = sorted((b.x0, b.x1) if isinstance(axis, XAxis) else (b.y0, b.y1) for b in boxes)
    space = SPACE if isinstance(axis, XAxis) else -0.01
    return any(after[0] - before[1] < space for before, after in itertools.pairwise(spans))


def _thin(axis: Axis) -> bool:
    """One tick less, or every second of those that are given; False where nothing can be done."""
    locator = axis.get_major_locator()
    if isinstance(locator, ticker.MaxNLocator):
        shown = len([x for x in axis.get_majorticklocs() if _in_view(axis, x)])
        if shown <= 2:
            return False
        axis.set_major_locator(ticker.MaxNLocator(max(1, shown - 2), steps=[1, 2, 5, 10]))
        return True
    if isinstance(locator, ticker.FixedLocator):
        places = list(axis.get_majorticklocs())
        if not isinstance(axis, XAxis) or len(places) < 3:  # names of rows all stay
            return False
        axis.set_ticks(places[::2], [axis.get_major_formatter()(x, i) for i, x in list(enumerate(places))[::2]])
        return True
    if isinstance(locator, ticker.LogLocator) and locator.numticks != FEW:
        axis.set_major_locator(ticker.LogLocator(subs=(1,), numticks=FEW))
        return True
    return False


def _in_view(axis: Axis, x: float) -> bool:
    low, high = sorted(axis.get_view_interval())
    return bool(low <= x <= high)


def _visible(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_visible()]

"""Margins grow with what is written in them: no label leaves its figure or runs into its neighbour."""

from __future__ import annotations

import itertools
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from benchmarks.figures.layout import grid, line_legend, page_grid
from benchmarks.figures.rendering.margins import make_room
from benchmarks.figures.style import STYLE

LONG = ["-0.00300000", "1,250,000.0"]


def words(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every visible text and its box in inches; each axis' ticks that are out of view left out."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    found = []
    for text in figure.findobj(Text):
        box = text.get_window_extent(renderer)
        if text.get_text().strip() and text.get_visible() and box.width:
            found.append((text.get_text(), Bbox(box.get_points() / figure.dpi)))
    return found


def faults(figure: Figure) -> list[str]:
    """Texts that leave the figure, and pairs that overlap."""
    width, height = figure.get_size_inches()
    texts = words(figure)
    said = [t for t, b in texts if b.x0 < 0 or b.y0 < 0 or b.x1 > width or b.y1 > height]
    return said + [f"{a} | {b}" for (a, p), (b, q) in itertools.combinations(texts, 2) if p.overlaps(q)]


def grid_figure(labels: list[str], title: str = "one") -> Figure:
    """A 2 x 2 grid as reports draw it, with these labels on each vertical axis."""
    with mpl.rc_context(STYLE):
        made = grid(4, 2, (1.6, 1.2))
        for axis in made.panels:
            axis.set_yticks([0, 1], labels)
            axis.set_xticks([0, 1])
            axis.set_title(title)
        made.label("environment steps", "return")
        line_legend(made.figure, ("gae", "ppo"), "n = 10 seeds")
    return made.figure


def page_figure(labels: list[str]) -> Figure:
    """The same as wide as a page's column, as the tuning report draws it."""
    with mpl.rc_context(STYLE):
        made = page_grid(4, 2, 1.2)
        for axis in made.panels:
            axis.set_yticks([0, 1], labels)
            axis.set_xticks([0, 1])
        made.label("trials", "score", bottom=0.08)
    return made.figure


def with_room(figure: Figure) -> Figure:
    with mpl.rc_context(STYLE):
        make_room(figure)
    return figure


@pytest.mark.parametrize("make", [grid_figure, page_figure])
def test_long_labels_get_room(make: object) -> None:
    assert faults(make(LONG))  # type: ignore[operator]
    assert faults(with_room(make(LONG))) == []  # type: ignore[operator]


def test_titles_of_two_lines_and_wide_ones_get_room() -> None:
    title = "a title that is wider than its panel\nand has three lines\nin all"
    assert faults(grid_figure(["0", "1"], title))
    assert faults(with_room(grid_figure(["0", "1"], title))) == []


def test_short_labels_change_nothing_and_panels_keep_their_size() -> None:
    plain, fine = grid_figure(["0", "1"]), with_room(grid_figure(["0", "1"]))
    assert tuple(fine.get_size_inches()) == tuple(plain.get_size_inches())
    grown = with_room(grid_figure(LONG))
    assert grown.get_figwidth() > plain.get_figwidth() + 0.5
    for a, b in zip(plain.axes, grown.axes, strict=True):
        sizes = [f.get_position().width * g.get_figwidth() for f, g in ((a, plain), (b, grown))]
        assert sizes[0] == pytest.approx(sizes[1], abs=1e-6)


def test_axes_placed_one_by_one_are_moved_as_well(tmp_path: Path) -> None:
    figure = Figure(figsize=(3, 2))
    axis = figure.add_axes((0.02, 0.02, 0.9, 0.9))
    axis.set_yticks([0, 1], LONG)
    assert faults(figure)
    with mpl.rc_context(STYLE):
        make_room(figure)
    assert faults(figure) == []
    assert axis.get_position().width * figure.get_figwidth() == pytest.approx(2.7)

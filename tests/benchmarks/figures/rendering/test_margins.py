"""Panels share the width that was asked for: no label leaves its figure or lies on its neighbour, and heights are kept."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from benchmarks.figures.layout import LEAST, grid, label_axes, matrix_of_panels, note, packed_panels, stack
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.rendering.width import PAGE_WIDTH, at_width
from benchmarks.figures.style import STYLE
from tests.benchmarks.figures.drawn import faults, laid_out

LONG = ["-0.00300000", "1,250,000.0"]
WIDTHS = (3.25, 5.5, PAGE_WIDTH)


def grid_figure(width: float, labels: list[str], title: str = "one", count: int = 4) -> Figure:
    """A grid as reports draw it, with these labels on each vertical axis."""
    with at_width(width), mpl.rc_context(STYLE):
        made = grid(count, 2, 1.2, least=0.9)
        for axis in made.panels:
            axis.set_yticks([0, 1], labels)
            axis.set_xticks([0, 1])
            axis.set_title(title)
        made.label("environment steps", "return")
        line_legend(made.figure, ("gae", "ppo"), "n = 10 seeds")
        note(made.figure, "a note")
    return made.figure


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("labels", [["0", "1"], LONG])
def test_every_label_has_room_at_the_width_that_was_asked_for(width: float, labels: list[str]) -> None:
    assert faults(laid_out(grid_figure(width, labels)), width) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_titles_take_the_lines_that_they_need(width: float) -> None:
    title = "a title that is wider than its panel\nand has more lines than one in all of these figures"
    figure = laid_out(grid_figure(width, ["0", "1"], title))
    assert faults(figure, width) == []
    assert " ".join(figure.axes[0].get_title().split()) == " ".join(title.split())


def test_panels_keep_their_height_and_are_of_one_width() -> None:
    for labels in (["0", "1"], LONG):
        figure = laid_out(grid_figure(5.5, labels))
        wide, tall = figure.get_size_inches()
        boxes = [axis.get_position() for axis in figure.axes]
        assert [box.height * tall for box in boxes] == pytest.approx([1.2] * 4)
        assert [box.width * wide for box in boxes] == pytest.approx([boxes[0].width * wide] * 4)


def test_a_panel_of_a_narrower_figure_is_narrower_by_as_much() -> None:
    """One panel: what stands beside it takes 1 inch, say, at both widths, so the panel loses what the figure loses."""
    wide, narrow = (laid_out(grid_figure(width, LONG, count=1)) for width in (5.5, 3.25))
    sizes = [f.axes[0].get_position().width * f.get_figwidth() for f in (wide, narrow)]
    assert sizes[0] - sizes[1] == pytest.approx(5.5 - 3.25, abs=0.01)


def test_crowded_ticks_become_fewer() -> None:
    with at_width(3.25), mpl.rc_context(STYLE):
        made = grid(2, 2, 1.2, least=1.2)
        for axis in made.panels:
            axis.set_xticks(range(12), [f"lag {i}" for i in range(12)])
    figure = laid_out(made.figure)
    assert faults(figure, 3.25) == []
    shown = [t.get_text() for t in made.panels[0].get_xticklabels() if t.get_text()]
    assert shown[:2] in (["lag 0", "lag 4"], ["lag 0", "lag 8"])


@pytest.mark.parametrize(("width", "columns"), [(3.25, 2), (5.5, 3), (PAGE_WIDTH, 4)])
def test_items_that_do_not_fit_stand_below(width: float, columns: int) -> None:
    assert LEAST == 1.45  # 3.0 / 1.45, 5.25 / 1.45 and 7.35 / 1.45 panels fit; four at most
    with at_width(width), mpl.rc_context(STYLE):
        made = matrix_of_panels(2, columns + 1, 0.8)
        for row in made.rows:
            for axis in row:
                axis.plot([0, 1], [0, 1])
        label_axes(made.figure, "environment steps")
    figure = laid_out(made.figure)
    lefts = [axis.get_position().x0 for axis in made.rows[0]]
    assert len({round(x, 6) for x in lefts}) == -(-(columns + 1) // 2)  # in two lines as equal as can be
    assert made.first.count(True) == 2
    assert faults(figure, width) == []


def test_panels_of_unequal_heights_keep_theirs() -> None:
    with mpl.rc_context(STYLE):
        made = stack([0.5, 1.5])
    laid_out(made.figure)
    tall = made.figure.get_figheight()
    assert [axis.get_position().height * tall for axis in made.panels] == pytest.approx([0.5, 1.5])


def test_a_panel_alone_in_its_line_takes_the_whole_width() -> None:
    with mpl.rc_context(STYLE):
        made = packed_panels([[0, 1], [2]], 1.0)
    laid_out(made.figure)
    first, second, alone = (axis.get_position() for axis in made.panels)
    assert (alone.x0, alone.x1) == pytest.approx((first.x0, second.x1))
    assert alone.y1 < first.y0


def test_each_note_has_a_name_of_its_own_and_stands_below_the_panels() -> None:
    """A page holds many figures: an id that stands twice is invalid there."""
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 1.2)
        note(made.figure, "first")
        note(made.figure, "second")
    figure = laid_out(made.figure)
    assert [text.get_gid() for text in figure.texts] == ["note-1", "note-2"]
    assert figure.texts[0].get_position()[1] > figure.texts[1].get_position()[1] > 0

"""Names stand beside the ends of their lines, apart from one another; where they cannot, there are none."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from benchmarks.figures.layout import grid
from benchmarks.figures.parts.line_ends import End, label_line_ends, spread
from benchmarks.figures.style import STYLE, LineStyle

STYLED = LineStyle("#000000", "-", "o")


def test_names_that_are_far_apart_stay_where_they_are() -> None:
    assert spread({"a": 1.0, "b": 0.0}, 0.5) == {"a": 1.0, "b": 0.0}


def test_names_that_would_overlap_are_centred_on_what_they_want() -> None:
    assert spread({"a": 1.0, "b": 1.0}, 0.5) == {"a": 0.75, "b": 1.25}
    assert spread({"a": 1.0, "b": 1.1, "c": 3.0}, 0.5) == pytest.approx({"a": 0.8, "b": 1.3, "c": 3.0})


def test_a_group_that_reaches_the_next_takes_it_along() -> None:
    """0 and 0.1 want -0.2 and 0.3, too near to 0.6: the three are centred on (0 + .1 + .6) / 3."""
    middle = 0.7 / 3
    assert spread({"a": 0.0, "b": 0.1, "c": 0.6}, 0.5) == pytest.approx(
        {"a": middle - 0.5, "b": middle, "c": middle + 0.5}
    )


def labelled(ends: dict[str, float]) -> tuple[bool, list[str]]:
    """Lines that end at these heights of a panel from 0 to 1, of 2 inches."""
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 2.0)
        (axes,) = made.panels
        axes.set(xlim=(0, 1), ylim=(0, 1))
        done = label_line_ends([(axes, {name: End(1.0, y, STYLED) for name, y in ends.items()})], 2.0)
    return done, [text.get_text() for text in axes.texts]


def test_a_few_lines_are_labelled() -> None:
    assert labelled({"PPO": 0.9, "GAE": 0.89, "A2C": 0.2}) == (True, ["PPO", "GAE", "A2C"])


@pytest.mark.parametrize(
    "ends",
    [
        {f"variant {i}": 0.5 for i in range(7)},  # the outer ones would stand 3 x .125 inches from their lines
        {"PPO": 0.0, "GAE": 0.0, "A2C": 0.0, "DAPO": 0.0},  # the lowest would leave the panel
        {"a name of thirty letters or more, so that the lines have no room": 0.5},
        {},
    ],
)
def test_names_that_do_not_fit_are_left_to_a_legend(ends: dict[str, float]) -> None:
    assert labelled(ends) == (False, [])


def test_lines_lead_to_the_left_side_of_their_names() -> None:
    """From a name's middle they would cross the names above and below it."""
    with mpl.rc_context(STYLE):
        (axes,) = grid(1, 1, 2.0).panels
        axes.set(xlim=(0, 1), ylim=(0, 1))
        assert label_line_ends([(axes, {"PPO": End(1.0, 0.5, STYLED), "GAE": End(1.0, 0.52, STYLED)})], 2.0)
    arrows = [text.arrow_patch for text in axes.texts]  # type: ignore[attr-defined]
    assert [text.arrowprops["relpos"] for text in axes.texts] == [(0, 0.5)] * 2  # type: ignore[attr-defined]
    assert all(arrow is not None for arrow in arrows)


def test_lines_that_end_early_are_left_to_a_legend() -> None:
    """From the middle of a panel the line to the name would look like the rest of the curve."""
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 2.0)
        (axes,) = made.panels
        axes.set(xlim=(0, 1), ylim=(0, 1))
        assert not label_line_ends([(axes, {"a": End(0.5, 0.2, STYLED), "b": End(1.0, 0.8, STYLED)})], 2.0)
        assert not [*axes.texts]

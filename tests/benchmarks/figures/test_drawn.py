"""The measures of drawn figures see what a reader would: names on names, and lines through names."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.figures.layout import grid
from benchmarks.figures.style import STYLE
from tests.benchmarks.figures.drawn import faults

WIDTH = 7.6


def annotated(first: tuple[float, float], second: tuple[float, float]) -> Figure:
    """Two names of 7 points at these places in a panel of 2 inches; lines lead from both to its lower left corner."""
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 2.0)
        (axes,) = made.panels
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        for name, place in (("above", first), ("below", second)):
            axes.annotate(
                name, (0, 0), place, fontsize=7, va="center", arrowprops={"arrowstyle": "-", "relpos": (0, 0.5)}
            )
    return made.figure


def test_names_apart_are_right_though_one_line_passes_beside_the_other_name() -> None:
    assert faults(annotated((0.5, 0.8), (0.5, 0.6)), WIDTH) == []


def test_names_that_overlap_are_seen() -> None:
    """A name of 7 points is about a tenth of an inch high; these are a twentieth apart."""
    assert faults(annotated((0.5, 0.5), (0.5, 0.525)), WIDTH) == ["'above' lies on 'below'"]


def test_a_line_through_another_name_is_seen() -> None:
    """The line to (0.5, 0.8) is at height 0.48 where the other name begins, at 0.3, and at 0.5 where it ends."""
    assert faults(annotated((0.5, 0.8), (0.3, 0.5)), WIDTH) == ["the line of 'above' crosses 'below'"]

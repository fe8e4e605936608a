"""Names of horizontal lines stand inside their panels, away from curves."""

from __future__ import annotations

import matplotlib as mpl
import pytest

from benchmarks.figures.layout import grid
from benchmarks.figures.parts.levels import draw_levels
from benchmarks.figures.style import STYLE


@pytest.mark.parametrize(
    ("curve", "level", "place"),
    [
        ([0.1, 0.1], 0.5, ("right", "bottom")),
        ([0.1, 0.1], 1.0, ("right", "bottom")),  # the panel gets room for it
        ([0.95, 0.95], 1.0, ("right", "bottom")),
        ([0.1, 0.6], 0.5, ("right", "top")),  # the curve ends where the name would stand
        ([0.7, 0.7, 0.7, 0.1, 0.9], 0.5, ("left", "bottom")),
        ([0.05, 0.05], 0.0, ("right", "top")),
    ],
)
def test_a_name_stands_where_no_curve_is(curve: list[float], level: float, place: tuple[str, str]) -> None:
    with mpl.rc_context(STYLE):
        (axes,) = grid(1, 1, 1.2).panels
        axes.plot([i / (len(curve) - 1) for i in range(len(curve))], curve)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        draw_levels(axes, [("shortcut", level)], 3.0, 1.2)
    (name,) = axes.texts
    assert (name.get_horizontalalignment(), name.get_verticalalignment()) == place


def test_a_panel_is_extended_by_the_height_of_a_name_where_the_level_is_at_its_edge() -> None:
    """.12 of 1.2 inches are a tenth: 0 to 1 becomes 0 to 1 / .9; and a level at 0 then takes a tenth below."""
    with mpl.rc_context(STYLE):
        (axes,) = grid(1, 1, 1.2).panels
        axes.set(xlim=(0, 1), ylim=(0, 1))
        draw_levels(axes, [("most", 1.0)], 3.0, 1.2)
        assert axes.get_ylim() == pytest.approx((0, 1 / 0.9))
        axes.set_ylim(0, 1)
        draw_levels(axes, [("least", 0.0)], 3.0, 1.2)
        assert axes.get_ylim() == pytest.approx((1 - 1 / 0.9, 1))
        draw_levels(axes, [("middle", 0.5)], 3.0, 1.2)
        assert axes.get_ylim() == pytest.approx((1 - 1 / 0.9, 1))

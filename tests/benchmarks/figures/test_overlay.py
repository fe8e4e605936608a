"""Two implementations in one panel."""

from __future__ import annotations

from benchmarks.figures.overlay import Overlay
from tests.benchmarks.findings.test_parity import PAIRS, data


def test_the_figure_lays_one_upon_the_other() -> None:
    figure = Overlay("parity", "Parity", PAIRS).draw(data(0.0, tasks=2))
    panels = [axis for axis in figure.axes if axis.get_visible()]
    assert len(panels) == 2
    assert panels[0].get_title() == "Task0, Mine, n = 30 and 20"
    assert [len(axis.lines) for axis in panels] == [2, 2]

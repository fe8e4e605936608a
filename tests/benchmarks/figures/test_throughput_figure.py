"""Runs, their means and ratios to the baseline, in colours that say what is shown."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from benchmarks.figures.style import GAIN, LOSS, UNSURE
from benchmarks.figures.throughput import BASELINE, Throughput
from tests.benchmarks.findings.test_throughput import data


def test_the_figure_colours_what_is_shown_and_prints_the_ratio() -> None:
    figure = Throughput("clocks", "Clocks", baseline="turns").draw(data(reaches=False))
    (cheap_steps, cheap_seconds), (dear_steps, dear_seconds) = np.array(figure.axes).reshape(2, 2)
    assert [t.get_text() for t in dear_steps.texts] == ["1", "2.00 [1.94, 2.07]"]
    assert [t.get_text() for t in cheap_seconds.texts] == ["3 of 4 reach it", "3 of 4 reach it"]
    assert marks(cheap_seconds) == {}
    assert marks(dear_steps) == {125.0: BASELINE, 250.04: GAIN}  # 1,000 steps in (4 * 4 * 3.9 * 4.1)^(1/4) seconds
    assert list(marks(dear_seconds).values()) == [BASELINE, GAIN]
    assert list(marks(cheap_steps).values()) == [UNSURE]  # upon the baseline's
    # runs from 62.5 to 250, and some room
    assert cheap_steps.get_xlim() == pytest.approx((125 / 2**1.15, 125 * 2**1.15))
    slower = Throughput("clocks", "Clocks", baseline="actors").draw(data())
    assert list(marks(slower.axes[2]).values()) == [LOSS, BASELINE]
    assert list(marks(slower.axes[3]).values()) == [LOSS, BASELINE]


def marks(axis: Axes) -> dict[float, str]:
    """The means and their colours, from above."""
    lines = [line for line in axis.lines if line.get_marker() == "D"]
    return {round(float(np.asarray(line.get_xdata())[0]), 2): str(line.get_color()) for line in lines}

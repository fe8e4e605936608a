"""Lags and corrections are drawn where their means are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.figures.staleness import UNITS, LagSweep, ScoreStrip
from tests.benchmarks.findings.rising_runs import ROUGH, data, on_both


def test_a_lag_is_drawn_where_the_means_are() -> None:
    """Two lines over three lags at equal distances; no cosine where there is none; the area of a rise is half its end."""
    made = data(on_both({"gae": 0.8, "lag 4": 0.4, "lag 16": 0.2, "token": 0.6}))
    lines = {"uncorrected": {0: "gae", 4: "lag 4", 16: "lag 16"}, "token IS": {0: "gae", 16: "token", 4: "not run"}}
    figure = LagSweep("k", "c", lines=lines, label="lag").draw(made)
    assert [a.get_visible() for a in figure.axes] == [True, True, True, True, True, False]
    assert [label.get_text() for label in figure.axes[4].get_xticklabels()] == ["0", "4", "16"]
    for axis, means in zip(figure.axes[::2], ([0.8, 0.4, 0.2], [0.4, 0.2, 0.1], [0.2, 0.1, 0.05]), strict=True):
        np.testing.assert_allclose(axis.lines[0].get_ydata(), means)
        np.testing.assert_allclose(axis.lines[0].get_xdata(), [0, 1, 2])
    np.testing.assert_allclose(figure.axes[0].lines[2].get_ydata(), [0.8, 0.6])
    np.testing.assert_allclose(figure.axes[0].lines[2].get_xdata(), [0, 2])
    assert [a.get_ylabel() for a in figure.axes[::2]] == [*UNITS.values()]


def test_a_rows_label_stands_where_its_first_panel_is() -> None:
    """The cosine exists on the second task alone."""
    made = data({("pole", "gae"): 0.8, ("text", "gae"): 0.8})
    figure = LagSweep("k", "c", lines={"uncorrected": {0: "gae"}}, label="lag", measures=("gradient_cosine",)).draw(
        made
    )
    assert [a.get_visible() for a in figure.axes] == [False, True]
    assert figure.axes[1].get_ylabel() == "cosine to exact gradient"


def test_variants_stand_side_by_side_with_the_levels_they_are_compared_with() -> None:
    finals = on_both({"gae": 0.9, "token": 0.6 + ROUGH})
    finals["text", "mask"] = 0.3
    figure = ScoreStrip("s", "c", {"token IS": "token", "a mask": "mask"}, {"no lag": "gae"}).draw(data(finals))
    text, pole = figure.axes
    assert [a.get_title() for a in figure.axes] == ["Text", "Pole"]
    assert [label.get_text() for label in text.get_yticklabels()] == ["token IS", "a mask"]
    level, dots, bar, mean = text.lines[:4]
    assert [*level.get_xdata()] == pytest.approx([0.9, 0.9])
    np.testing.assert_allclose(dots.get_xdata(), 0.6 + ROUGH)
    assert [*mean.get_xdata()] == pytest.approx([0.6])
    assert [*bar.get_xdata()] == pytest.approx([0.6 - 0.0754, 0.6 + 0.0754], abs=1e-4)  # .1 sqrt(10/9) t_9 / sqrt(10)
    assert [note.get_text() for note in pole.texts] == ["does not run here"]
    assert not text.texts


def test_a_single_seed_stands_on_its_row() -> None:
    figure = ScoreStrip("s", "c", {"token IS": "token"}, {}).draw(data({("text", "token"): 0.6}, seeds=1))
    assert [*figure.axes[0].lines[0].get_ydata()] == [0.0]

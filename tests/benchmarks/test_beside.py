"""Ours beside published scores: the right checkpoint, the right metric, and no claim that the interval does not allow."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from benchmarks import beside
from benchmarks.beside import Reached
from benchmarks.drawings import Beside
from benchmarks.panels import Data
from benchmarks.published_scores import Score
from benchmarks.store.sources import MEASURE_COLUMNS
from benchmarks.suite import Curve, Scale, Suite

LEVELS = {0: 0.0, 50: 8.0, 100: 5.0}  # env_steps -> mean return: better in the middle than at the end


def data(seeds: int = 4, greedy: float = 0.0) -> Data:
    """A2C on pole: returns of the levels +-1, two seeds above and two below."""
    rows = [
        {"task": "pole", "variant": "A2C", "seed": seed, "learning_rate": 0.01, "checkpoint": k, "fraction": k / 2,
         "env_steps": steps, "updates": k, "wall_s": 1.0 * k, "eval_return": level + (-1) ** seed,
         "eval_return_greedy": greedy + (-1) ** seed / 2, "diverged": False}
        for k, (steps, level) in enumerate(LEVELS.items())
        for seed in range(seeds)
    ]  # fmt: skip
    suite = Suite(pd.DataFrame(rows), {"pole": Scale(0.0, 10.0, 9.0)}, ["A2C"])
    return Data(suite, pd.DataFrame(columns=MEASURE_COLUMNS))


def score(value: float, env_steps: int, metric: str = "final") -> Score:
    return Score("pole", "A2C", "zoo", value, env_steps, metric)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "mean"),
    [(score(1.0, 100), 5.0), (score(1.0, 50), 8.0), (score(1.0, 95), 5.0), (score(1.0, 100, "maximum"), 8.0)],
)
def test_the_checkpoint_and_the_metric_are_the_sources(of: Score, mean: float) -> None:
    assert beside.table(data(), (of,))["ours"].tolist() == [mean]


def test_a_maximum_is_that_of_the_mean_as_the_source_takes_it() -> None:
    """Two seeds at their best at different checkpoints: the mean of their maxima would be 7, that of the best mean is 5."""
    value = np.array([[0.0, 0.0], [8.0, 2.0], [1.0, 6.0]])
    steps = np.array([[0.0, 0.0], [50.0, 50.0], [100.0, 100.0]])
    unread: dict[str, Any] = {f.name: np.zeros(0) for f in fields(Curve)}
    curve = Curve(**unread | {"value": value, "env_steps": steps})
    found = beside.at_budget(curve, score(1.0, 100, "maximum"))
    assert found is not None
    assert found.tolist() == [8.0, 2.0]


def test_a_budget_that_we_have_no_checkpoint_near_is_left_out() -> None:
    made = beside.table(data(), (score(1.0, 75), score(1.0, 200)))
    assert made.empty
    assert beside.shown(made).empty
    assert Reached((score(1.0, 75),)).sentence(data()) == ""
    drawing = Beside("b", "Beside", (score(1.0, 75),))
    assert drawing.table(data()).frame.empty
    assert [text.get_text() for text in drawing.draw(data()).texts] == [
        "no checkpoint of ours lies near a published budget"
    ]


def test_reached_is_better_or_within_our_interval() -> None:
    """5 +- 1 of four seeds: deviation sqrt(4/3), t_3 = 3.182, half an interval 1.837."""
    made = beside.table(data(), tuple(score(v, 100) for v in (4.0, 6.8, 6.9)))
    assert made["reached"].tolist() == [True, True, False]
    np.testing.assert_allclose(made["high"], 5 + 3.1824 * np.sqrt(4 / 3) / 2, atol=1e-3)
    assert Reached((score(4.0, 100), score(6.9, 100))).sentence(data()) == (
        "Our means equal or better 1 of 2 published scores; missed: "
        "`A2C` on pole (5 [3.163, 6.837] against 6.9 of zoo at 0k)."
    )
    assert beside.shown(made)["reached"].tolist() == ["yes", "yes", "no"]


def test_greedy_actions_count_where_the_source_is_greedy_and_its_budget_is_ours() -> None:
    """Greedy returns are 9 and 10 in turn, sampled ones 5 +- 1 at the end."""
    of = (score(9.6, 100), score(9.9, 50), Score("pole", "A2C", "SLM", 9.6, 100), score(12.0, 100))
    made = beside.table(data(greedy=9.5), of)
    assert made["reached_greedy"].tolist() == [True, False, False, False]
    assert made["greedy"].tolist() == pytest.approx([9.5, np.nan, np.nan, 9.5], nan_ok=True)
    assert beside.shown(made)["reached"].tolist() == ["greedy", "no", "no", "no"]
    said = Reached(of).sentence(data(greedy=9.5))
    head = (
        "Our means equal or better 0 of 4 published scores, 1 more within those of greedy actions, as the source's are"
    )
    assert said.startswith(f"{head}; missed:")
    assert Reached((score(6.8, 100),)).sentence(data()) == (
        "Our means equal or better 0 of 1 published score, 1 more lies within our 95 % intervals."
    )


def test_the_figure_puts_crosses_where_the_sources_are() -> None:
    figure = Beside("b", "Beside", (score(4.0, 100), score(6.9, 100))).draw(data())
    crosses = [float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert crosses == [4.0, 6.9]


def test_a_single_panel_has_room_for_its_words_and_its_axis_shows_whole_numbers() -> None:
    figure = Beside("b", "Beside", (score(999.2, 100), score(1000.0, 100))).draw(data(greedy=1000.0))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    words = figure.texts[0].get_window_extent(canvas.get_renderer())
    assert 0 <= words.x0 < words.x1 <= figure.bbox.width
    (axis,) = figure.axes
    axis.set_xlim(999.1, 1000.1)
    canvas.draw()
    assert axis.xaxis.get_offset_text().get_text() == ""

"""Ours beside published scores: the right checkpoint, the right metric, and no claim that the interval does not allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from algorithms.setting import Unroll
from benchmarks import EXPERIMENTS, beside, store
from benchmarks.beside import Reached
from benchmarks.drawings import Beside
from benchmarks.experiment import Experiment, build_cells
from benchmarks.panels import Data
from benchmarks.published import CONFIGURATIONS, PPO
from benchmarks.published_scores import SCORES, Score
from benchmarks.suite import Scale, Suite
from envs import TASKS

LEVELS = {0: 0.0, 50: 8.0, 100: 5.0}  # env_steps -> mean return: better in the middle than at the end


def data(seeds: int = 4) -> Data:
    """A2C on pole: returns of the levels +-1, two seeds above and two below."""
    rows = [
        {"task": "pole", "variant": "A2C", "seed": seed, "learning_rate": 0.01, "checkpoint": k, "fraction": k / 2,
         "env_steps": steps, "updates": k, "wall_s": 1.0 * k, "eval_return": level + (-1) ** seed,
         "eval_return_greedy": 0.0, "diverged": False}
        for k, (steps, level) in enumerate(LEVELS.items())
        for seed in range(seeds)
    ]  # fmt: skip
    suite = Suite(pd.DataFrame(rows), {"pole": Scale(0.0, 10.0, 9.0)}, ["A2C"])
    return Data(suite, pd.DataFrame(columns=store.MEASURE_COLUMNS))


def score(value: float, env_steps: int, metric: str = "final") -> Score:
    return Score("pole", "A2C", "zoo", value, env_steps, metric)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "mean"),
    [(score(1.0, 100), 5.0), (score(1.0, 50), 8.0), (score(1.0, 95), 5.0), (score(1.0, 100, "maximum"), 8.0)],
)
def test_the_checkpoint_and_the_metric_are_the_sources(of: Score, mean: float) -> None:
    assert beside.table(data(), (of,))["ours"].tolist() == [mean]


def test_a_budget_that_we_have_no_checkpoint_near_is_left_out() -> None:
    assert beside.table(data(), (score(1.0, 75), score(1.0, 200))).empty
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
        "1 of 2 published scores are reached; missed: `A2C` on pole (5 [3.163, 6.837] against 6.9 of zoo at 0k)."
    )
    assert beside.shown(made)["reached"].tolist() == ["yes", "yes", "no"]


def test_the_figure_puts_crosses_where_the_sources_are() -> None:
    figure = Beside("b", "Beside", (score(4.0, 100), score(6.9, 100))).draw(data())
    crosses = [float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert crosses == [4.0, 6.9]


def test_published_settings_are_those_that_cells_are_built_with() -> None:
    """Of PPO on CartPole rl-baselines3-zoo says gamma .98, 20 epochs, and batches of 256 of 8 x 32 steps: one a rollout."""
    experiment = EXPERIMENTS["reference_scores"]
    assert isinstance(experiment, Experiment)
    made = build_cells(experiment, [TASKS["CartPole-v1"]], [PPO], None)[0]
    assert (made.variant.schedule.epochs, made.variant.schedule.minibatches) == (20, 1)
    assert (made.training.discount, made.training.collection) == (0.98, Unroll(steps=32, envs=8))


def test_every_published_score_has_settings_of_its_column() -> None:
    assert {(s.task, s.column) for s in SCORES} <= set(CONFIGURATIONS)
    assert {s.task for s in SCORES} <= set(TASKS)

"""One rate for each contestant: the smallest of those near the best mean over the open tasks."""

import pandas as pd
import pytest

from benchmarks.judging.tuning import chosen_rates, scores_of_rates
from envs.api import Scale

NAN = float("nan")


def test_of_rates_near_the_best_the_smallest_is_taken() -> None:
    assert chosen_rates({"a": {0.001: 0.5, 0.003: 0.595, 0.01: 0.6}}) == {"a": 0.003}


def test_a_rate_without_a_score_is_not_taken_and_without_any_there_is_none() -> None:
    assert chosen_rates({"a": {0.001: 0.2, 0.01: NAN}, "b": {0.001: NAN, 0.01: NAN}}) == {"a": 0.001}


def test_a_rate_is_scored_by_its_mean_over_tasks() -> None:
    rows = [
        {"task": task, "variant": "a", "learning_rate": rate, "seed": 0, "fraction": 1.0, "eval_return": value}
        for task, rate, value in [("x", 0.01, 0.4), ("y", 0.01, 6.0), ("x", 0.1, 1.0), ("y", 0.1, 0.0)]
    ]
    frame = pd.DataFrame(rows).assign(diverged=False)
    scores = scores_of_rates(frame, {"x": Scale(0.0, 1.0), "y": Scale(0.0, 10.0)})
    assert scores["a"] == pytest.approx({0.01: 0.5, 0.1: 0.5})


def test_a_rate_at_which_a_task_lost_all_its_seeds_has_no_score() -> None:
    """Its score on the other task alone, 1, would win."""
    rows = [
        {"task": task, "variant": "a", "learning_rate": 0.1, "seed": 0, "fraction": 1.0, "eval_return": value}
        for task, value in [("x", 1.0), ("y", NAN)]
    ]
    frame = pd.DataFrame(rows).assign(diverged=[False, True])
    scores = scores_of_rates(frame, {"x": Scale(0.0, 1.0), "y": Scale(0.0, 1.0)})
    assert scores["a"].keys() == {0.1}
    assert scores["a"][0.1] != scores["a"][0.1]

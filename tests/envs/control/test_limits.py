"""Limits of returns: a mean of them, and that no ceiling or floor of a task lies beyond them."""

from __future__ import annotations

import math

import pytest

from envs import TASKS
from envs.control.limits import ANYTHING, EPISODES, MEASURES, SHARE, Limits, mean


def test_the_limits_of_a_mean() -> None:
    assert mean([Limits(0, 1), Limits(-2, 3)]) == (-1, 2)
    assert mean([Limits(0, 1), ANYTHING]) == (-math.inf, math.inf)
    assert mean([]) == ANYTHING
    assert not ANYTHING.known
    assert Limits(high=1).known
    assert MEASURES["win_rate"] == SHARE == (0, 1)


@pytest.mark.parametrize("name", EPISODES)
def test_a_tasks_scale_lies_within_its_limits(name: str) -> None:
    task, limits = TASKS[name], EPISODES[name]
    assert limits.low <= task.floor < task.ceiling <= limits.high

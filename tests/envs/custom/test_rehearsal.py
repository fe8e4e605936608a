"""A rehearsal raises what an environment does wrong at once, and says each of Gymnasium's warnings once."""

from __future__ import annotations

import math
import sys
import types
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from benchmarks.design.identity import canonical
from envs.api import Task
from envs.control.factory import Control, gymnasium_task
from envs.control.limits import declared_limits
from envs.custom.faults import EnvironmentFault
from envs.custom.rehearsal import rehearse
from envs.validation import UsageError


class Lists(gymnasium.Env[Any, Any]):
    """Observes lists, which Gymnasium warns of."""

    max_episode_steps = 4
    observation_space = spaces.Box(-1, 1, (2,), np.float32)
    action_space: Any = spaces.Discrete(3)
    last = 1.0  # reward of the last step

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.t = 0
        return [0, 0], {}

    def step(self, action: Any) -> Any:
        self.t += 1
        return [0, 0], self.last if self.t == 4 else 0.0, False, False, {}


class Nan(Lists):
    last = float("nan")


class Bare(Lists):
    action_space = None


class Ranged(Lists):
    """Its declared range is given by a test."""

    def __init__(self, declared: Any = (0, 1), size: int = 1) -> None:
        self.return_range = declared


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    made = types.ModuleType("rehearsed")
    made.__file__ = str(Path(__file__))
    for kind in (Lists, Nan, Bare, Ranged):
        setattr(made, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "rehearsed", made)


def task(name: str, **arguments: Any) -> Task:
    gymnasium_task.cache_clear()
    return gymnasium_task(f"rehearsed:{name}", tuple(arguments.items()))


def test_each_warning_is_returned_once_and_none_is_shown() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heard = rehearse(task("Lists"))
    assert len(heard) == len(set(heard))
    assert "The obs returned by the `reset()` method was expecting a numpy array, actual type: <class 'list'>" in heard
    assert "The obs returned by the `step()` method was expecting a numpy array, actual type: <class 'list'>" in heard


def test_training_on_it_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = task("Lists").factory.make([np.random.SeedSequence(0)], 2)
        env.reset()
        step = env.step(np.zeros((1, 2), np.int64), np.ones((1, 2), np.bool_))
    assert step.obs.shape == (1, 2, 2)


def test_a_fault_of_its_last_step_is_raised_with_its_place_and_action() -> None:
    with pytest.raises(
        EnvironmentFault, match=r"Nan: .* reward of nan \(.* at step 4 of its episode, after action [012],"
    ):
        rehearse(task("Nan"))


def test_an_environment_without_a_space_is_named() -> None:
    with pytest.raises(
        UsageError, match="'rehearsed:Bare' has nothing as its action_space, which must be a space of gym"
    ):
        task("Bare")


def test_an_unknown_argument_is_named_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"unknown argument of rehearsed:Ranged \(--env-kwargs\) 'sise'; nearest: size"
    ):
        task("Ranged", sise=3)


def test_what_a_class_declares_of_its_returns_is_read() -> None:
    assert declared_limits(task("Ranged").factory) == (0, 1)
    assert declared_limits(task("Ranged", declared=(None, 3)).factory) == (-math.inf, 3)
    assert declared_limits(task("Lists").factory) == (-math.inf, math.inf)
    for wrong in (7, (1, 0), ("a", 2), (1, 2, 3), (math.nan, 1)):
        with pytest.raises(UsageError, match="return_range is the least and the largest return of an episode"):
            task("Ranged", declared=wrong)


def test_a_declared_range_is_no_part_of_the_identity_of_a_task() -> None:
    factory = task("Ranged").factory
    assert isinstance(factory, Control)
    assert canonical(replace(factory, return_range=(0.0, 9.0))) == canonical(factory)


def test_an_id_that_is_out_of_date_is_said_by_the_rehearsal_alone() -> None:
    gymnasium_task.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        old = gymnasium_task("CartPole-v0")
        assert any("CartPole-v0 is out of date" in words for words in rehearse(old))

"""The tables of control tasks against EnvPool's own spaces and limits, and what every task promises."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from benchmarks.design import settings
from envs import TASKS
from envs.api import Box, Discrete, Features, Image
from envs.control import from_envpool
from envs.control.encoding import encoding_for
from envs.control.factory import Control
from envs.seeding import Role, stream

pytestmark = pytest.mark.skipif(not from_envpool.installed(), reason="EnvPool is not installed")
CONTROL = {name: task.factory for name, task in TASKS.items() if isinstance(task.factory, Control)}
UNLIMITED = {"CliffWalking-v1", "Blackjack-v1", "Catch-v0"}  # in EnvPool; the horizon is ours, or the rules'
# as many steps as some episodes end within; whole episodes of these are slow, and classic control has tests of its own
STEPS = {"Taxi-v3": 202, "CliffWalking-v1": 202, "MiniGrid-DoorKey-5x5-v0": 252, "FrozenLake-v1": 60}
STEPS |= {"Jumanji/Game2048-v1": 160, "LunarLander-v3": 130, "LunarLanderContinuous-v3": 130, "Reacher-v5": 52}
SLOW = {"BipedalWalker-v3": 1602, "Swimmer-v5": 1002, "HalfCheetah-v5": 1002, "Pong-v5": 1100}


def test_every_field_has_its_tasks() -> None:
    fields = [task.field for task in TASKS.values() if isinstance(task.factory, Control)]
    counts = {field: fields.count(field) for field in sorted(set(fields))}
    assert counts == {"Box2D": 3, "classic control": 6, "driving": 2, "games": 8, "robot control": 7}


@pytest.mark.parametrize("name", CONTROL)
def test_every_task_has_its_settings_and_its_scale(name: str) -> None:
    task = TASKS[name]
    assert name in settings.BUDGETS
    assert name in settings.TASKS
    assert task.floor < task.threshold <= task.ceiling
    assert task.source


@pytest.mark.parametrize("name", CONTROL)
def test_the_spec_is_that_of_envpool(name: str) -> None:
    import envpool

    control, made = CONTROL[name], envpool.make_spec(name)
    spec, action = control.spec, made.gymnasium_action_space
    encoding = control.encoding or encoding_for(made.gymnasium_observation_space)
    assert encoding.observation == spec.observation
    if isinstance(spec.action, Discrete):
        assert action.n == spec.action.n
    else:
        assert action.low.tolist() == list(spec.action.low)
        assert action.high.tolist() == list(spec.action.high)
    if name not in UNLIMITED:
        assert made.config.max_episode_steps == spec.horizon


def played(name: str, steps: int, envs: int = 4) -> list[Any]:
    """Random steps of 2 members; legal actions where there is a mask."""
    spec, rng = TASKS[name].spec, np.random.default_rng(0)
    env = TASKS[name].factory.make([stream(s, Role.ENVIRONMENT, 0) for s in (1, 2)], envs)
    obs, mask = env.reset()
    yielded = []
    for _ in range(steps):
        if isinstance(spec.action, Box):
            action = rng.uniform(spec.action.low, spec.action.high, (2, envs, spec.action.size)).astype(np.float32)
        else:
            preference = rng.random((2, envs, spec.action.n))
            action = (preference if mask is None else np.where(mask, preference, -1)).argmax(-1)
        step = env.step(action, np.ones((2, envs), np.bool_))
        assert step.obs.shape == obs.shape
        assert step.obs.dtype == obs.dtype
        assert (step.action_mask is None) == (mask is None)
        mask = step.action_mask
        yielded.append(step)
    env.close()
    return yielded


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n
        for n in CONTROL
        if TASKS[n].field != "classic control"
    ],
)
def test_every_task_ends_and_starts_anew(name: str) -> None:
    """The row after an end pays nothing and does not end; no episode is longer than the horizon."""
    spec = TASKS[name].spec
    steps = played(name, SLOW.get(name) or STEPS.get(name) or min(spec.horizon + 2, 60 if "v5" in name else 252))
    ended, length, seen = np.zeros((2, 4), np.bool_), np.zeros((2, 4), np.int64), 0
    for step in steps:
        assert (step.reward[ended] == 0).all()
        assert not (step.terminated | step.truncated)[ended].any()
        assert not (step.terminated & step.truncated).any()
        length = np.where(ended, 0, length + 1)
        assert (length <= spec.horizon).all()
        assert (step.truncated[length < spec.horizon] == 0).all()
        assert (step.terminated | step.truncated)[length == spec.horizon].all()
        ended = step.terminated | step.truncated
        seen += int(ended.sum())
    assert seen > 0
    first = steps[0].obs
    if isinstance(spec.observation, Features):
        assert first.shape == (2, 4, spec.observation.size)
        assert first.dtype == np.float32
    else:
        assert isinstance(spec.observation, Image)
        assert first.dtype == np.uint8


def test_an_episode_that_envpool_does_not_cut_is_cut_here() -> None:
    """Up the wall of CliffWalking for ever: -1 a step, cut at 200; the next row delivers the start, state 36."""
    env = TASKS["CliffWalking-v1"].factory.make([stream(0, Role.ENVIRONMENT, 0)], 2)
    env.reset()
    up, both, first = np.zeros((1, 2), np.int64), np.ones((1, 2), np.bool_), np.array([[True, False]])
    for t in range(200):
        step = env.step(up, both)
        assert (step.truncated == (t == 199)).all()
    assert not step.terminated.any()
    assert step.obs.argmax(-1).tolist() == [[0, 0]]
    step = env.step(up, first)  # the other waits in its last state
    assert step.obs.argmax(-1).tolist() == [[36, 0]]
    assert step.reward.tolist() == [[0.0, 0.0]]
    step = env.step(up, both)
    assert step.obs.argmax(-1).tolist() == [[24, 36]]
    assert step.reward.tolist() == [[-1.0, 0.0]]
    step = env.step(up, both)
    assert step.obs.argmax(-1).tolist() == [[12, 24]]


def test_every_legal_move_of_2048_moves_something() -> None:
    """The mask is the board's: a legal action changes it (or ends the game), and some are illegal."""
    steps = played("Jumanji/Game2048-v1", 40)
    masks = np.stack([step.action_mask for step in steps])
    assert masks.any(-1).all()
    assert not masks.all()
    for before, after in itertools.pairwise(steps):
        assert (before.obs != after.obs).any(-1).all()

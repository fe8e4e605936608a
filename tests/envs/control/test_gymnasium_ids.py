"""Which Gymnasium environments become tasks, and what is said of those that cannot."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest

from envs.api import Box, Discrete
from envs.control.classic import TASKS as CLASSIC
from envs.control.factory import gymnasium_task
from envs.control.from_gymnasium import read_spec
from envs.seeding import Role, stream


def test_any_gymnasium_id_becomes_a_task() -> None:
    task = gymnasium_task("MountainCar-v0")
    assert task.name == "gymnasium:MountainCar-v0"
    assert task.spec.action == Discrete(3)
    assert task.spec.horizon == 200
    env = task.factory.make([stream(0, Role.ENVIRONMENT, 0)], 2)
    assert env.reset()[0].shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("env_id", "words"),
    [("NoSuchEnv-v0", "NoSuchEnv"), ("CliffWalking-v1", "no time limit"), ("Blackjack-v1", "no time limit")],
)
def test_ids_that_cannot_run_are_explained(env_id: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gymnasium_task(env_id)


class Odd(gymnasium.Env[Any, Any]):
    """Counts its actions from 1."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,))
    action_space = gymnasium.spaces.Discrete(3, start=1)


class Angular(Odd):
    """Acts in two numbers from two sets."""

    action_space = gymnasium.spaces.MultiDiscrete([2, 3])  # type: ignore[assignment]


class Verbal(Odd):
    """Observes words."""

    observation_space = gymnasium.spaces.Text(9)  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("env", "limit", "words"),
    [
        (Odd, 9, "counts its actions from 1"),
        (Odd, None, "no time limit"),
        (Angular, 9, "acts in MultiDiscrete"),
        (Verbal, 9, "Text.* cannot be encoded"),
    ],
)
def test_shapes_that_cannot_run_are_explained(env: type[Odd], limit: int | None, words: str) -> None:
    env_id = f"PGLadderTest/{env.__name__}{limit or ''}-v0"
    gymnasium.register(env_id, entry_point=env, max_episode_steps=limit, disable_env_checker=True)
    try:
        with pytest.raises(ValueError, match=words):
            read_spec(env_id)
    finally:
        del gymnasium.registry[env_id]


def test_boxes_are_bounded() -> None:
    for task in CLASSIC:
        if isinstance(task.spec.action, Box):
            assert len(task.spec.action.low) == len(task.spec.action.high) == task.spec.action.size

"""What a user's Gymnasium environment replies is compared with its spaces; text MDPs are read by their ids."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from envs.api import Box, Discrete
from envs.control.factory import Control, gymnasium_task
from envs.control.from_gymnasium import read_spec
from envs.custom.faults import CheckedVecEnv, EnvironmentFault, StepCounts
from envs.seeding import Role, stream

SEEDS = [stream(seed, Role.ENVIRONMENT, 0) for seed in (7, 9)]
ON = np.ones((2, 3), np.bool_)


class Users(gymnasium.Env[Any, Any]):
    """An environment of the user's, whose classes below go wrong in one way each."""

    observation_space: spaces.Space[Any] = spaces.Box(-1, 1, (2,))
    action_space: spaces.Space[Any] = spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        self.t = 0
        return self.seen(), self.info()

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.t += 1
        return self.seen(), self.paid(action), self.t == 5, False, self.info()

    def seen(self) -> Any:
        return np.zeros(2, np.float32)

    def paid(self, action: Any) -> Any:
        return 1.0

    def info(self) -> dict[str, Any]:
        return {}


class Masked(Users):
    def info(self) -> dict[str, Any]:
        return {} if self.t == 5 else {"action_mask": (np.arange(3) == self.t % 3).astype(np.int8)}


class Forgetful(Users):
    def info(self) -> dict[str, Any]:
        return {"action_mask": np.ones(3, np.int8)} if self.t < 2 else {}


class Late(Users):
    def info(self) -> dict[str, Any]:
        return {"action_mask": np.ones(3, np.int8)} if self.t == 2 else {}


class Wider(Users):
    def seen(self) -> Any:
        return np.zeros(4 if self.t == 3 else 2, np.float32)


class Wordy(Users):
    def paid(self, action: Any) -> Any:
        return "much"


class Whole(Users):
    action_space = spaces.Box(0, 3, (2,), np.int16)

    def paid(self, action: Any) -> Any:
        assert self.action_space.contains(action)
        return action.sum()


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Any:
    env_id = f"PGLadderTest/{request.param.__name__}-v1"
    gymnasium.register(env_id, entry_point=request.param, max_episode_steps=9, disable_env_checker=True)
    yield CheckedVecEnv(
        Control(env_id, read_spec(env_id), "gymnasium").make(SEEDS, 3), request.param.__name__.lower(), SEEDS, 3
    )
    del gymnasium.registry[env_id]


@pytest.mark.parametrize("made", [Masked], indirect=True)
def test_masks_of_infos_are_read(made: CheckedVecEnv) -> None:
    _, mask = made.reset()
    on = np.array([[True, True, False], [True, True, True]])
    for t in range(1, 5):
        assert mask is not None
        assert mask[0, 0].tolist() == [(t - 1) % 3 == a for a in range(3)]
        assert mask[0, 2].tolist() == [True, False, False]  # it has not moved
        mask = made.step(np.zeros((2, 3), np.int64), on).action_mask
    last = made.step(np.zeros((2, 3), np.int64), on).action_mask
    assert last is not None
    assert last[0, 0].all()  # the end says nothing


@pytest.mark.parametrize("made", [Whole], indirect=True)
def test_a_box_of_whole_numbers_is_given_whole_numbers(made: CheckedVecEnv) -> None:
    assert made.spec.action == Box((0.0, 0.0), (3.0, 3.0))
    made.reset()
    step = made.step(np.full((2, 3, 2), 1.7, np.float32), ON)
    assert (step.reward == 4.0).all()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Forgetful, "gave no action mask, and one before .*seed 7, at step 2 of its episode"),
        (Late, "none when its first episode began .*at step 2 of its episode"),
        (Wider, r"4 numbers, shape \(4,\), and not 2 \(environment 0 of seed 7, at step 3 of its episode"),
        (Wordy, "paid 'much', which is no number .*at step 1 of its episode"),
    ],
    indirect=["made"],
)
def test_what_an_environment_gives_is_held_against_its_spaces(made: CheckedVecEnv, words: str) -> None:
    def episode() -> None:
        made.reset()
        for _ in range(5):
            made.step(np.zeros((2, 3), np.int64), ON)

    with pytest.raises(EnvironmentFault, match=words):
        episode()


def test_text_mdps_are_read_by_their_gymnasium_ids() -> None:
    """Ids with a module and a namespace; the limit is the text's own, and a mask comes in the infos."""
    task = gymnasium_task("envs:TextMDP/Dyck-v0")
    assert (task.name, task.spec.horizon) == ("gymnasium:envs:TextMDP/Dyck-v0", 6)
    assert task.spec.action == Discrete(2)
    gymnasium.register(
        "PGLadderTest/MaskedDyck-v0",
        entry_point="envs.gymnasium_env:TextMDPEnv",
        kwargs={"mdp": "Dyck", "preset": "masked-small"},
    )
    try:
        env = gymnasium_task("PGLadderTest/MaskedDyck-v0").factory.make(SEEDS, 3)
        _, mask = env.reset()
    finally:
        del gymnasium.registry["PGLadderTest/MaskedDyck-v0"]
    assert mask is not None
    assert mask[0, 0].tolist() == [True, True, False, False]  # a text begins with one of two opening brackets


def test_steps_are_counted_across_chunks() -> None:
    """1,100 steps of environment 0, of which step 700 begins an episode; environment 1 stands still after 3."""
    counts = StepCounts((1, 2))
    for t in range(1, 1_101):
        counts.add(np.array([[True, t <= 3]]), np.array([[t == 700, False]]))
    assert counts.of(0, 0) == (400, 1_100)
    assert counts.of(0, 1) == (3, 3)
    counts.begin_episodes()
    counts.add(np.array([[True, True]]), np.array([[False, False]]))
    assert counts.of(0, 0) == (1, 1_101)
    assert counts.of(0, 1) == (1, 4)

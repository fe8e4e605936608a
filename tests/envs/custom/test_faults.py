"""Faults of environments name the task, the seed, the environment and its step; what carries no meaning is no fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from envs.api import Array, Bools, Box, Features, Spec, Step
from envs.control.actions import clip_to_box, read_action
from envs.control.encoding import Encoding, Joined, OneHot, Pixels, Vector, legal_actions
from envs.custom.faults import CheckedVecEnv, EnvironmentFault, InvalidOutput
from envs.seeding import Role, stream

SEEDS = [stream(seed, Role.ENVIRONMENT, 0) for seed in (7, 9)]
ON = np.ones((2, 3), np.bool_)
STILL = np.zeros((2, 3, 1), np.float32)


class Scripted:
    """2 x 3 environments: `change` may write into an observation [2, 3, 2] and a reward [2, 3] of each step."""

    spec = Spec(Features(2), Box((-1.0,), (1.0,)), 10)

    def __init__(self, change: Callable[[int, Array, Array], None], ends: dict[int, Bools] | None = None) -> None:
        self.change, self.ends, self.t = change, ends or {}, -1

    def reset(self) -> tuple[Array, Bools | None]:
        self.t = 0
        obs, reward = np.zeros((2, 3, 2), np.float32), np.zeros((2, 3), np.float32)
        self.change(0, obs, reward)
        return obs, None

    def step(self, action: Array, active: Bools) -> Step:
        self.t += 1
        obs, reward = np.zeros((2, 3, 2), np.float32), np.zeros((2, 3), np.float32)
        self.change(self.t, obs, reward)
        ended = self.ends.get(self.t, ~ON)
        return Step(obs, reward, ended, ~ON, None)

    def close(self) -> None:
        """Nothing is held."""


def played(change: Callable[[int, Array, Array], None], ends: dict[int, Bools] | None = None) -> CheckedVecEnv:
    env = CheckedVecEnv(Scripted(change, ends), "scripted", SEEDS, 3)
    env.reset()
    return env


def test_a_reward_that_is_not_finite_is_blamed_on_one_environment() -> None:
    def change(t: int, obs: Array, reward: Array) -> None:
        if t == 4:
            reward[1, 2] = np.nan

    env = played(change, {2: ON})  # step 3 only delivers the second episodes
    for _ in range(3):
        env.step(STILL, ON)
    moving = STILL.copy()
    moving[1, 2] = 0.25
    with pytest.raises(EnvironmentFault) as caught:
        env.step(moving, ON)
    assert str(caught.value) == (
        "scripted: the environment returned a reward of nan "
        "(environment 2 of seed 9, at step 1 of its episode, after action 0.25, its step 4 in all)"
    )


def test_an_observation_that_is_not_finite_is_a_fault_also_where_an_episode_begins() -> None:
    def change(t: int, obs: Array, reward: Array) -> None:
        if t == 0:
            obs[0, 1, 1] = -np.inf

    said = r"an observation of -inf in its number 1 \(environment 1 of seed 7, at the start of an episode, its step 0"
    with pytest.raises(EnvironmentFault, match=said):
        played(change)


def test_rows_that_are_not_active_carry_no_meaning_and_become_zero() -> None:
    active = np.array([[True, False, True], [True, True, True]])

    def change(t: int, obs: Array, reward: Array) -> None:
        if t:
            obs[~active], reward[~active], reward[0, 0] = np.nan, np.inf, 5.0

    step = played(change).step(STILL, active)
    assert step.reward.tolist() == [[5.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert (step.obs == 0).all()


def test_an_action_that_is_no_number_excuses_the_environment_until_its_next_episode() -> None:
    """The policy has diverged: what its environment then returns is its doing, in its rows alone."""

    def change(t: int, obs: Array, reward: Array) -> None:
        if 1 <= t <= 2 or t == 4:
            reward[0, 0] = np.nan

    env, wrong = played(change, {2: ON}), STILL.copy()
    wrong[0, 0] = np.inf
    assert np.isnan(env.step(wrong, ON).reward[0, 0])
    assert np.isnan(env.step(STILL, ON).reward[0, 0])
    env.step(STILL, ON)
    with pytest.raises(EnvironmentFault, match="of seed 7, at step 1 of its episode, after action 0, its step 4"):
        env.step(STILL, ON)


@pytest.mark.parametrize(
    ("encoding", "raw", "words"),
    [
        (Vector(3), np.zeros((2, 6)), r"6 numbers, shape \(6,\), and not 3"),
        (Vector(3), np.zeros((2, 3, 2)), r"6 numbers, shape \(3, 2\), and not 3"),
        (Vector(3), np.zeros(6), r"1 numbers, shape \(\), and not 3"),
        (Vector(1), np.zeros((1, 2)), r"2 numbers, shape \(2,\), and not 1"),
        (Vector(2), np.array([["a", "b"]]), "<U1, not numbers"),
        (Vector(2), np.zeros((1, 2), np.complex64), "complex64, not numbers"),
        (Vector(2), [[1.0], [1.0, 2.0]], "no array"),
        (OneHot((3, 4)), np.zeros((1, 4), np.int64), r"4 numbers, shape \(4,\), and not 2"),
        (OneHot((3,)), np.array([1.5]), "float64, not whole numbers"),
        (OneHot((3, 4)), (np.zeros(1, int), np.zeros(2, int)), r"shapes \(1,\), \(2,\)"),
        (Pixels(1, 40, 48), np.zeros((1, 40, 48, 1), np.uint8), r"\(40, 48, 1\) of uint8, not \(1, 40, 48\)"),
        (Pixels(1, 40, 48), np.zeros((1, 1, 40, 48)), "of float64, not"),
        (Joined((("a", Vector(2)),)), {"b": np.zeros((1, 2))}, "no part 'a'"),
        (Joined((("a", Vector(2)),)), {"a": np.zeros((1, 4))}, r"4 numbers.*\(in part 'a'\)"),
        (Joined((("a", Vector(1)), ("b", Vector(1)))), {"a": np.zeros((1, 1)), "b": np.zeros((2, 1))}, "1, 2 rows"),
    ],
)
def test_observations_are_never_cut_or_rounded(encoding: Encoding, raw: Any, words: str) -> None:
    with pytest.raises(InvalidOutput, match=words):
        encoding(raw)


@pytest.mark.parametrize(
    ("mask", "actions", "words"),
    [
        (np.ones((1, 2), np.int8), 3, r"shape \(2,\), and not \(3,\)"),
        (np.ones((1, 3), np.float32), 3, "float32"),
        (np.full((1, 3), 2, np.int8), 3, "must hold 0 and 1"),
        (np.ones((1, 3), np.int8), 0, "are not listed"),
        (np.zeros((1, 3), np.int8), 3, "allowed no action, and its episode goes on"),
    ],
)
def test_masks_are_checked(mask: Array, actions: int, words: str) -> None:
    with pytest.raises(InvalidOutput, match=words):
        legal_actions(np.zeros((1, 2)), {"action_mask": mask}, actions, np.array([False]))


def test_a_mask_that_allows_nothing_is_read_where_the_episode_has_ended() -> None:
    mask = legal_actions({"action_mask": np.zeros((1, 3), np.int8)}, None, 3, np.array([True]))
    assert mask is not None
    assert mask.all()


def test_real_actions_become_whole_numbers_where_the_space_holds_these() -> None:
    box = Box((0.0, -2.0), (5.0, 2.0))
    given = clip_to_box(np.array([[1.6, -0.4], [9.0, -9.0], [2.5, np.nan]], np.float32), box, np.int32)
    assert given.dtype == np.int32
    assert given.tolist() == [[2, 0], [5, -2], [2, -2]]  # halves to the even one
    assert clip_to_box(np.array([1.6], np.float32), Box((0.0,), (1.0,)), np.float64).tolist() == [1.0]


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (spaces.Box(-np.inf, np.inf, (2,)), "whose bounds are not all finite; give those"),
        (spaces.Box(0, np.inf, (2,)), "whose bounds are not all finite"),
        (
            spaces.Box(np.float32(-3e38), np.float32(3e38), (2,)),
            r"whose bounds are 6e\+38 apart, more than float32 holds",
        ),
        (spaces.Box(0, 2**40, (2,), np.int64), "beyond 16,777,216"),
        (spaces.Box(-1, 1, (2, 2)), "one-axis Box"),
        (spaces.MultiBinary(3), "only Discrete and one-axis Box"),
        (spaces.MultiDiscrete([2, 2]), "only Discrete and one-axis Box"),
        (spaces.Discrete(3, start=1), "from 1"),
    ],
)
def test_action_spaces_that_no_policy_has_are_refused_by_name(space: spaces.Space[Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_action(space)

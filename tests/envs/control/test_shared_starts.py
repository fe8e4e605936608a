"""Groups whose episodes begin in the same state, and environments that do not begin so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from algorithms.policies.networks.mlp import MLP
from algorithms.training_config import Episodes, TrainingConfig
from envs import TASKS
from envs.control import from_envpool
from envs.control.factory import Control
from envs.control.from_gymnasium import GymnasiumVec, read_spec
from envs.custom.faults import CheckedVecEnv, EnvironmentFault
from envs.delayed import Delayed
from envs.seeding import Role, reason_unshared, stream
from tests.envs.control.backends import BACKENDS, actions


@pytest.mark.parametrize("backend", BACKENDS[:2])
@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_a_group_shares_the_start_of_every_episode(name: str, backend: str) -> None:
    """Two members with groups 0, 1 and 2, 3. Actions differ, so CartPole's episodes end at different times."""
    made = Control(name, TASKS[name].spec, backend).make(  # type: ignore[arg-type]
        [stream(s, Role.ENVIRONMENT, 0) for s in (1, 2)], 4, 2
    )
    rng, on = np.random.default_rng(0), np.ones((2, 4), np.bool_)
    starts: list[list[list[np.ndarray]]] = [[[], [], [], []], [[], [], [], []]]  # member, environment, episode
    obs, _ = made.reset()
    begins, ended = on, ~on
    for _ in range(450):
        for p, n in np.argwhere(begins):
            starts[p][n].append(np.array(obs[p, n]))
        step = made.step(actions(made, (2, 4), rng), on)
        begins, ended, obs = ended, step.terminated | step.truncated, step.obs  # a step after an end begins an episode
    for p in range(2):
        first = [np.stack(episodes[:3]) for episodes in starts[p]]
        np.testing.assert_array_equal(first[0], first[1])
        np.testing.assert_array_equal(first[2], first[3])
        assert not np.isclose(first[0], first[2]).all(1).any()  # another group starts elsewhere
        assert not np.isclose(first[0][0], first[0][1]).all()  # and so does the next episode
    assert not np.isclose(starts[0][0][0], starts[1][0][0]).all()  # another member too
    made.close()


class Deaf(gymnasium.Env[Any, Any]):
    """Ignores its seed, from its third episode on."""

    observation_space = gymnasium.spaces.Box(-9, 9, (1,))
    action_space = gymnasium.spaces.Discrete(2)
    episodes = 0
    own = np.random.default_rng(0)  # of all environments together

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.episodes += 1
        drawn = self.np_random if self.episodes < 3 else self.own
        return drawn.random(1, np.float32), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.zeros(1, np.float32), 1.0, bool(action), False, {}


def test_a_start_that_is_not_shared_is_a_fault_with_its_place() -> None:
    """Action 1 ends an episode, and the next row begins one. The third of the last group is the first that differs."""
    env_id = "PGLadderTest/Deaf-v0"
    gymnasium.register(env_id, entry_point=Deaf, max_episode_steps=9, disable_env_checker=True)
    try:
        spec = read_spec(env_id)
        for group in (1, 2):
            made = CheckedVecEnv(
                GymnasiumVec(env_id, spec, [np.random.SeedSequence(3)], 4, group=group), "deaf",
                [np.random.SeedSequence(3)], 4,
            )  # fmt: skip
            made.reset()
            every, over = np.ones((1, 4), np.bool_), np.ones((1, 4), np.int64)
            late = np.array([[False, False, True, True]])
            for active in (every, every, late):
                made.step(over, active)
            if group == 1:
                made.step(over, late)
                continue
            words = r"deaf: the environment began an episode otherwise than its neighbour .*environment 3 of seed 3"
            with pytest.raises(EnvironmentFault, match=words):
                made.step(over, late)
    finally:
        del gymnasium.registry[env_id]


def test_a_group_without_a_shared_start_is_refused() -> None:
    task = TASKS["Catch-v0"]
    training = TrainingConfig(MLP((2,)), collection=Episodes(8, 4))
    assert reason_unshared(TASKS["CartPole-v1"].factory) is None
    if from_envpool.installed():
        assert "cannot share one" in str(training.reason_unsupported(task))
        slow = replace(task, factory=Delayed(task.factory, 0.1))
        assert training.reason_unsupported(slow) == training.reason_unsupported(task)
    assert replace(training, collection=Episodes(8)).reason_unsupported(task) is None

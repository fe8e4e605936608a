"""Control tasks: EnvPool against Gymnasium step by step, and one contract for our equations and both adapters."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from envs import TASKS
from envs.api import Discrete
from envs.control.from_gymnasium import read_spec
from tests.envs.control.backends import BACKENDS, NAMES, actions, make, needs_envpool, state_from


@needs_envpool
@pytest.mark.parametrize("name", NAMES)
def test_envpool_steps_as_gymnasium_from_the_same_state(name: str) -> None:
    """Before each step Gymnasium is set to EnvPool's last observation. Pendulum is compared where the speed is not
    clipped: EnvPool integrates the angle with the unclipped speed (a difference of up to 2e-2 at |speed| 8)."""
    env, rng = make(name, "envpool", (3,), 4), np.random.default_rng(0)
    obs, _ = env.reset()
    reference: Any = gymnasium.make(name).unwrapped
    reference.reset(seed=0)
    on, compared = np.ones((1, 4), np.bool_), 0
    fresh = np.zeros(4, np.bool_)
    for _ in range(120):
        action = actions(env, (1, 4), rng)
        step = env.step(action, on)
        for n in range(4):
            ended = step.terminated[0, n] | step.truncated[0, n]
            if fresh[n] or step.truncated[0, n]:
                fresh[n] = ended
                continue
            reference.state = state_from(name, obs[0, n])
            if name.startswith("CartPole"):
                reference.steps_beyond_terminated = None
            given = (
                int(action[0, n])
                if isinstance(env.spec.action, Discrete)
                else np.clip(action[0, n], env.spec.action.low, env.spec.action.high)
            )
            their_obs, their_reward, their_end, _, _ = reference.step(given)
            clipped = name == "Pendulum-v1" and abs(float(their_obs[2])) > 7.99
            if not clipped:
                np.testing.assert_allclose(step.obs[0, n], their_obs, atol=1e-6 if name != "Pendulum-v1" else 1e-5)
                assert step.reward[0, n] == pytest.approx(their_reward, abs=1e-5)
                assert step.terminated[0, n] == their_end
                compared += 1
            fresh[n] = ended
        obs = step.obs
    assert compared > 300


@pytest.mark.parametrize("name", NAMES)
def test_the_table_states_the_real_spaces(name: str) -> None:
    assert read_spec(name) == TASKS[name].spec


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_all_backends_keep_one_contract(name: str, backend: str) -> None:
    env, rng = make(name, backend), np.random.default_rng(1)
    obs, mask = env.reset()
    size = env.spec.observation.size  # type: ignore[union-attr]
    assert mask is None
    assert obs.shape == (2, 3, size)
    assert obs.dtype == np.float32
    on = np.ones((2, 3), np.bool_)
    ended, seen = np.zeros((2, 3), np.bool_), 0
    for _ in range(env.spec.horizon + 3):
        step = env.step(actions(env, (2, 3), rng), on)
        assert step.obs.shape == (2, 3, size)
        assert step.reward.dtype == np.float32
        assert not (step.terminated & step.truncated).any()
        assert (step.reward[ended] == 0).all()  # the row that only delivers the reset pays nothing
        assert not (step.terminated | step.truncated)[ended].any()
        seen += int(ended.sum())
        ended = step.terminated | step.truncated
    assert seen > 0
    env.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_inactive_environments_stay_as_they_are(name: str, backend: str) -> None:
    env, rng = make(name, backend), np.random.default_rng(1)
    obs, _ = env.reset()
    active = np.array([[True, False, True], [False, False, True]])
    for _ in range(3):
        step = env.step(actions(env, (2, 3), rng), active)
        np.testing.assert_array_equal(step.obs[~active], obs[~active])
        assert (step.reward[~active] == 0).all()
        assert not np.array_equal(step.obs[active], obs[active])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_stepping_some_is_stepping_each_alone(name: str, backend: str) -> None:
    """Which environments step with which, ends and resets included, changes nothing for any of them.

    Environment n of the second batch only ever steps beside others that a coin picks; it must pass through the rows it
    passes through in the first, where all step together.
    """
    together, apart, rng = make(name, backend), make(name, backend), np.random.default_rng(2)
    rows = 60
    plan = [actions(together, (2, 3), rng) for _ in range(rows)]
    first = together.reset()[0]
    np.testing.assert_array_equal(apart.reset()[0], first)  # one SeedSequence, one start
    expected = [together.step(action, np.ones((2, 3), np.bool_)) for action in plan]
    ended = np.stack([step.terminated for step in expected])
    assert name != "CartPole-v1" or ended.sum() >= 6
    done = np.zeros((2, 3), np.int64)  # rows each environment has gone through
    while (done < rows).any():
        active = (rng.random((2, 3)) < 0.5) & (done < rows)
        if not active.any():
            continue
        action = np.zeros_like(plan[0])
        for p, n in np.argwhere(active).tolist():
            action[p, n] = plan[done[p, n]][p, n]
        step = apart.step(action, active)
        for p, n in np.argwhere(active).tolist():
            want = expected[done[p, n]]
            np.testing.assert_array_equal(step.obs[p, n], want.obs[p, n])
            assert step.reward[p, n] == want.reward[p, n]
            assert step.terminated[p, n] == want.terminated[p, n]
        done += active


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_row_after_an_end_delivers_the_next_start(backend: str) -> None:
    env, rng = make("CartPole-v1", backend), np.random.default_rng(1)
    env.reset()
    on, seen = np.ones((2, 3), np.bool_), 0
    ended = ~on
    for _ in range(200):
        step = env.step(actions(env, (2, 3), rng), on)
        assert np.abs(step.obs[ended]).max(initial=0.0) <= 0.05  # CartPole starts within +-0.05
        seen += int(ended.sum())
        ended = step.terminated | step.truncated
        assert (np.abs(step.obs[ended][:, [0, 2]]) > [2.4, 0.2094]).any(axis=1).all()  # the end's own row shows the end
    assert seen > 20


@pytest.mark.parametrize("backend", BACKENDS)
def test_actions_are_clipped_to_the_box(backend: str) -> None:
    env = make("MountainCarContinuous-v0", backend, (1,), 2)
    env.reset()
    step = env.step(np.array([[[5.0], [0.5]]], np.float32), np.ones((1, 2), np.bool_))
    np.testing.assert_allclose(step.reward, [[-0.1, -0.025]], atol=1e-7)  # -0.1 a^2; unclipped it would be -2.5


@pytest.mark.parametrize("backend", BACKENDS)
def test_reset_begins_anew_in_the_middle_of_an_episode(backend: str) -> None:
    env, rng = make("CartPole-v1", backend), np.random.default_rng(1)
    first, _ = env.reset()
    on = np.ones((2, 3), np.bool_)
    for _ in range(5):
        env.step(actions(env, (2, 3), rng), on)
    second, _ = env.reset()
    assert np.abs(second).max() <= 0.05  # CartPole starts within +-0.05
    assert not np.array_equal(first, second)
    env.step(actions(env, (2, 3), rng), on)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_members_episodes_depend_on_its_seed_alone(backend: str) -> None:
    many, one = make("Pendulum-v1", backend, (4, 5, 6)), make("Pendulum-v1", backend, (5,))
    np.testing.assert_array_equal(many.reset()[0][1:2], one.reset()[0])
    np.testing.assert_array_equal(many.reset()[0][1:2], one.reset()[0])  # and the second episode's start
    starts = make("Pendulum-v1", backend, (5,), 6).reset()[0][0]
    assert len(np.unique(starts, axis=0)) == 6


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_time_limit_truncates(backend: str) -> None:
    env = make("Pendulum-v1", backend, (1,), 1)
    env.reset()
    on = np.ones((1, 1), np.bool_)
    for t in range(200):
        step = env.step(np.zeros((1, 1, 1), np.float32), on)
        assert step.truncated[0, 0] == (t == 199)
    assert not step.terminated.any()

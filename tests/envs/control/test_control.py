"""Control tasks: EnvPool against Gymnasium step by step, and one contract for our equations and both adapters."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from algorithms.policies.networks.mlp import MLP
from algorithms.training_config import Episodes, TrainingConfig
from envs import TASKS
from envs.api import Box, Discrete, VecEnv
from envs.control import from_envpool
from envs.control.classic import TASKS as CLASSIC
from envs.control.factory import Control, gymnasium_task
from envs.control.from_gymnasium import GymnasiumVec, read_spec
from envs.custom.faults import CheckedVecEnv, EnvironmentFault
from envs.delayed import Delayed
from envs.seeding import Role, reason_unshared, stream

NAMES = [task.name for task in CLASSIC]
BACKENDS = ["auto", "gymnasium", *(["envpool"] if from_envpool.installed() else [])]
needs_envpool = pytest.mark.skipif(not from_envpool.installed(), reason="EnvPool is not installed")


def make(name: str, backend: str, seeds: tuple[int, ...] = (1, 2), envs: int = 3) -> VecEnv:
    """Classic control by our equations ("auto"), Gymnasium or EnvPool."""
    streams = [stream(s, Role.ENVIRONMENT, 0) for s in seeds]
    if backend == "envpool":
        return from_envpool.EnvPoolVec(name, TASKS[name].spec, streams, envs)
    return Control(name, TASKS[name].spec, backend).make(streams, envs)  # type: ignore[arg-type]


def actions(env: VecEnv, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    space = env.spec.action
    if isinstance(space, Discrete):
        return rng.integers(space.n, size=shape)
    return rng.uniform(-1.5, 1.5, (*shape, space.size)).astype(np.float32)  # beyond the bounds of some: clipped


def state_from(name: str, obs: np.ndarray) -> np.ndarray:
    """Gymnasium's internal state from an observation."""
    if name == "Acrobot-v1":
        cos1, sin1, cos2, sin2, w1, w2 = (float(x) for x in obs)
        return np.array([math.atan2(sin1, cos1), math.atan2(sin2, cos2), w1, w2])
    if name == "Pendulum-v1":
        return np.array([math.atan2(float(obs[1]), float(obs[0])), float(obs[2])])
    return obs.astype(np.float64)


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

"""The equations of classic control against Gymnasium, step by step, and their random starts."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from benchmarks.experiments import EXPERIMENTS
from envs import TASKS, random_policy
from envs.api import Box, Discrete, Features
from envs.control import from_envpool
from envs.control.encoding import encoding_for
from envs.control.equations import sin_cos
from envs.control.factory import Control
from envs.control.from_equations import SYSTEMS, EquationsVec
from envs.seeding import Role, stream

NAMES = list(SYSTEMS)
# rows of the state that are Gymnasium's state, in its order
STATE = {"CartPole-v0": [0, 2, 1, 3], "CartPole-v1": [0, 2, 1, 3], "Acrobot-v1": [0, 1, 2, 3]}
STARTS = {
    "CartPole-v0": [(-0.05, 0.05)] * 4,
    "CartPole-v1": [(-0.05, 0.05)] * 4,
    "Acrobot-v1": [(-0.1, 0.1)] * 4,
    "Pendulum-v1": [(-math.pi, math.pi), (-1.0, 1.0)],
    "MountainCar-v0": [(-0.6, -0.4), (0.0, 0.0)],
    "MountainCarContinuous-v0": [(-0.6, -0.4), (0.0, 0.0)],
}


def make(name: str, seeds: tuple[int, ...] = (1, 2), envs: int = 3) -> EquationsVec:
    env = TASKS[name].factory.make([stream(s, Role.ENVIRONMENT, 0) for s in seeds], envs)
    assert isinstance(env, EquationsVec)
    return env


def actions(env: EquationsVec, rng: np.random.Generator) -> np.ndarray:
    """Random actions; real ones up to twice the bounds."""
    action = env.spec.action
    if isinstance(action, Discrete):
        return rng.integers(action.n, size=env.shape)
    return rng.uniform(2 * action.low[0], 2 * action.high[0], (*env.shape, 1)).astype(np.float32)


def state_of(env: EquationsVec, name: str) -> np.ndarray:
    """Gymnasium's variables [P N, d] of all environments; all must have stepped last."""
    return env._all[STATE.get(name, [0, 1])].T.copy()


def set_state(env: EquationsVec, name: str, state: np.ndarray) -> None:
    """The inverse of `state_of`."""
    env._all[STATE.get(name, [0, 1])] = state.T
    env._moving.derive()


def given(env: EquationsVec, action: np.ndarray) -> Any:
    """An action as Gymnasium takes it."""
    box = env.spec.action
    return np.clip(action, box.low, box.high).astype(np.float32) if isinstance(box, Box) else int(action)


def assert_as_gymnasium(env: EquationsVec, name: str, steps: int, rng: np.random.Generator, push: bool = False) -> int:
    """Before each step Gymnasium gets our state; the step must be the same. Returns the number of ends that were seen.

    push  actions in the direction of motion, which reach the bounds of positions and speeds
    """
    reference: Any = gymnasium.make(name).unwrapped
    reference.reset(seed=0)
    on, count = np.ones(env.shape, np.bool_), env.shape[0] * env.shape[1]
    ended, length, ends = np.zeros(count, np.bool_), np.zeros(count, np.int64), 0
    for _ in range(steps):
        before = state_of(env, name)
        action = actions(env, rng)
        if push:
            ahead = np.where(before[:, -1] < 0, -1, 1).reshape(env.shape)
            action = np.abs(action) * ahead[..., None] if isinstance(env.spec.action, Box) else 1 + ahead
        step = env.step(action, on)
        after, length = state_of(env, name), np.where(ended, 0, length + 1)
        for i, (p, n) in enumerate(np.ndindex(env.shape)):
            if ended[i]:
                assert (step.reward[p, n], step.terminated[p, n], step.truncated[p, n]) == (0, False, False)
                ended[i] = False
                continue
            reference.state = tuple(before[i].tolist())
            if name == "MountainCarContinuous-v0":
                reference.state = before[i]
            reference.steps_beyond_terminated = None
            obs, reward, terminated, _, _ = reference.step(given(env, action[p, n]))
            np.testing.assert_allclose(step.obs[p, n], obs, rtol=3e-7, atol=1e-7)
            np.testing.assert_allclose(step.reward[p, n], reward, rtol=1e-6, atol=1e-7)
            gap = np.abs(after[i] - np.asarray(reference.state, np.float64))
            if name in {"Pendulum-v1", "Acrobot-v1"}:  # whole turns do not count
                gap[: len(gap) // 2] = np.abs((gap[: len(gap) // 2] + math.pi) % (2 * math.pi) - math.pi)
            assert gap.max() < (1e-7 if name == "MountainCarContinuous-v0" else 1e-12)
            assert step.terminated[p, n] == terminated
            assert step.truncated[p, n] == (length[i] == env.spec.horizon and not terminated)
            ended[i] = step.terminated[p, n] | step.truncated[p, n]
            ends += int(ended[i])
    return ends


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_those_of_gymnasium_over_several_episodes(name: str) -> None:
    env = make(name, (1,), 2)
    env.reset()
    steps = {"MountainCarContinuous-v0": 2010, "Acrobot-v1": 1010}.get(name, 410)
    assert assert_as_gymnasium(env, name, steps, np.random.default_rng(0)) >= 4


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("CartPole")])
def test_steps_at_the_bounds_are_those_of_gymnasium(name: str) -> None:
    """Actions along the motion swing up: positions and speeds are clipped, and episodes terminate."""
    env = make(name, (1,), 2)
    env.reset()
    ends = assert_as_gymnasium(env, name, 410, np.random.default_rng(0), push=True)
    assert ends >= 4


@pytest.mark.parametrize("name", NAMES)
def test_steps_from_anywhere_are_those_of_gymnasium(name: str) -> None:
    """One step from states drawn over and a little beyond the whole space."""
    space: Any = gymnasium.make(name).unwrapped
    rng, bound = np.random.default_rng(3), {"Acrobot-v1": [3.1, 3.1, 12.5, 28.2], "Pendulum-v1": [3.1, 7.9]}.get(name)
    if bound is None:
        bound = {4: [2.5, 3.0, 0.22, 3.0], 2: [1.2, 0.07]}[space.observation_space.shape[0]]
    for _ in range(40):
        env = make(name, (1,), 5)
        env.reset()
        state = rng.uniform(-1, 1, (5, len(bound))) * bound
        if name.startswith("Mountain"):
            state[:, 0] = rng.uniform(-1.2, 0.6, 5)
        set_state(env, name, state)
        assert_as_gymnasium(env, name, 1, rng)


def test_an_end_by_the_rules_on_the_last_step_is_no_truncation() -> None:
    env = make("CartPole-v1", (1,), 2)
    env.reset()
    env._all[-1] = 499  # steps in the episode
    set_state(env, "CartPole-v1", np.array([[2.39, 9.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    step = env.step(np.zeros((1, 2), np.int64), np.ones((1, 2), np.bool_))
    assert step.terminated.tolist() == [[True, False]]
    assert step.truncated.tolist() == [[False, True]]


def test_sin_and_cos() -> None:
    angle = np.concatenate([np.linspace(-40, 40, 10_001), [0.0, math.pi, -math.pi, math.pi / 2]])
    sin, cos = np.empty((2, len(angle)))
    sin_cos(angle, sin, cos)
    np.testing.assert_allclose(sin, np.sin(angle), atol=5e-16)
    np.testing.assert_allclose(cos, np.cos(angle), atol=5e-16)


@pytest.mark.parametrize("name", NAMES)
def test_starts_fill_gymnasiums_ranges(name: str) -> None:
    """Uniform between the bounds: mean and variance within 5 standard errors, extremes within 1 % of the width."""
    env, count = make(name, (1, 2, 3, 4), 1000), 4000
    env.reset()
    for values, (low, high) in zip(state_of(env, name).T, STARTS[name], strict=True):
        width = high - low
        assert values.min() >= low - 1e-7
        assert values.max() <= high + 1e-7
        assert values.min() <= low + 0.01 * width
        assert values.max() >= high - 0.01 * width
        assert abs(values.mean() - (low + high) / 2) <= 5 * width / math.sqrt(12 * count)
        assert abs(values.var() - width**2 / 12) <= 5 * width**2 / math.sqrt(180 * count)


@pytest.mark.parametrize("name", NAMES)
def test_a_members_episodes_are_its_own_bit_by_bit(name: str) -> None:
    """Alone, or with others in another order: the same observations, rewards and ends, through restarts and resets."""
    played = {}
    for seeds in [(5,), (4, 5, 6), (6, 4, 5)]:
        env, rng = make(name, seeds, 3), np.random.default_rng(0)
        member = seeds.index(5)
        rows = [env.reset()[0][member]]
        for t in range(env.spec.horizon + 40):
            alone = actions(make(name, (5,), 3), rng)  # the member's actions
            others = np.repeat(alone, len(seeds), axis=0)
            others[[m for m in range(len(seeds)) if m != member]] *= t % 2  # others do something else
            step = env.step(others, np.ones(env.shape, np.bool_))
            rows += [step.obs[member], step.reward[member], step.terminated[member], step.truncated[member]]
        rows.append(env.reset()[0][member])
        played[seeds] = rows
    first = played.pop((5,))
    for rows in played.values():
        for a, b in zip(first, rows, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_first_starts_do_not_depend_on_the_number_of_environments(name: str) -> None:
    few, many = make(name, (1, 2), 3), make(name, (1, 2), 70)
    np.testing.assert_array_equal(few.reset()[0], many.reset()[0][:, :3])


def test_the_start_of_an_episode_is_a_row_of_the_members_draw() -> None:
    """Episode e of environment n starts at row n of its member's draw e, however long the others' episodes are."""
    env, rng = make("CartPole-v1", (1, 2), 5), np.random.default_rng(0)
    expected = np.stack([np.random.default_rng(stream(s, Role.ENVIRONMENT, 0)).random((60, 5, 4)) for s in (1, 2)])
    expected = (-0.05 + 0.1 * expected)[..., [0, 2, 1, 3]].astype(np.float32)
    obs, episode = env.reset()[0], np.zeros(env.shape, np.int64)
    begun, ended = np.ones(env.shape, np.bool_), np.zeros(env.shape, np.bool_)
    for t in range(700):
        p, n = np.nonzero(begun)
        np.testing.assert_array_equal(obs[p, n], expected[p, episode[p, n], n])
        if t == 300:  # all begin their next episode
            obs, begun, ended = env.reset()[0], np.ones_like(begun), np.zeros_like(ended)
        else:
            step = env.step(actions(env, rng), np.ones(env.shape, np.bool_))
            obs, begun, ended = step.obs, ended, step.terminated | step.truncated
        episode += begun
    assert episode.min() > 20


@pytest.mark.parametrize("name", NAMES)
def test_what_was_returned_does_not_change_later(name: str) -> None:
    env, rng = make(name), np.random.default_rng(0)
    obs, _ = env.reset()
    kept, copies = [obs], [obs.copy()]
    for _ in range(30):
        step = env.step(actions(env, rng), rng.random(env.shape) < 0.7)
        kept += [x for x in step if x is not None]
        copies += [x.copy() for x in step if x is not None]
    for a, b in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_shape_is_refused() -> None:
    spec = replace(TASKS["CartPole-v1"].spec, observation=Features(5))
    with pytest.raises(ValueError, match=r"CartPole-v1 is read as Features\(size=4\)"):
        Control("CartPole-v1", spec).make([np.random.SeedSequence(0)], 1)


def test_which_backend_makes_a_task() -> None:
    """Equations only for "auto", without an encoding of the user's."""
    control = Control("CartPole-v1", TASKS["CartPole-v1"].spec)
    assert control.has_equations
    assert not replace(control, backend="gymnasium").has_equations
    assert not replace(control, encoding=encoding_for(gymnasium.make("CartPole-v1").observation_space)).has_equations
    assert not TASKS["LunarLander-v3"].factory.has_equations  # type: ignore[attr-defined]


def test_nobody_steps() -> None:
    env = make("CartPole-v1")
    obs, _ = env.reset()
    step = env.step(np.zeros(env.shape, np.int64), np.zeros(env.shape, np.bool_))
    np.testing.assert_array_equal(step.obs, obs)
    assert not step.reward.any()


@pytest.mark.parametrize("name", ["Pendulum-v1", "MountainCarContinuous-v0"])
def test_an_action_that_is_not_finite_spoils_its_episode_alone(name: str) -> None:
    """NaN spreads to the state of its environment; the next episode, and others, are not touched. Infinities are clipped."""
    env, whole = make(name, (1,), 3), make(name, (1,), 3)
    env.reset(), whole.reset()
    on, action = np.ones((1, 3), np.bool_), np.zeros((1, 3, 1), np.float32)
    action[0, :, 0] = np.nan, np.inf, 0.5
    wild = env.step(action, on)
    action[0, :, 0] = 0.0, env.spec.action.high[0], 0.5  # type: ignore[union-attr]
    tame = whole.step(action, on)
    assert np.isnan(wild.obs[0, 0]).any()
    np.testing.assert_array_equal(wild.obs[0, 1:], tame.obs[0, 1:])
    np.testing.assert_array_equal(wild.reward[0, 1:], tame.reward[0, 1:])
    for _ in range(env.spec.horizon):
        wild = env.step(np.zeros_like(action), on)
    assert np.isfinite(wild.obs).all()


@pytest.mark.skipif(not from_envpool.installed(), reason="EnvPool is not installed")
@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "MountainCarContinuous-v0"])
def test_the_uniform_policy_fares_as_in_envpool(name: str) -> None:
    """Mean returns of 400 episodes differ by at most 4 standard errors."""
    task, episodes = TASKS[name], 400
    ours, error = random_policy.estimate_floor(task, episodes)
    assert abs(ours - task.floor) <= 4 * error  # floors were measured with EnvPool

    env = from_envpool.EnvPoolVec(name, task.spec, [stream(1, Role.ENVIRONMENT, 0)], episodes)
    env.reset()
    rng, alive, total = [np.random.default_rng(0)], np.ones((1, episodes), np.bool_), np.zeros((1, episodes))
    while alive.any():
        step = env.step(random_policy.draw_actions(rng, task.spec, episodes, None), alive)
        total += step.reward * alive
        alive &= ~(step.terminated | step.truncated)
    assert abs(ours - total.mean()) <= 4 * error * math.sqrt(2)


@pytest.mark.parametrize("code", ["import envs", "from benchmarks.cli.main import main; main(['list'])"])
def test_envpool_is_imported_only_for_tasks_that_use_it(code: str) -> None:
    """Neither the package, nor `list`, nor classic control, nor the tasks of the smoke experiment import it."""
    tasks = [*NAMES, *EXPERIMENTS["smoke"].tasks]
    make_all = f"[TASKS[n].factory.make([numpy.random.SeedSequence(0)], 1) for n in {tasks}]"
    check = f"import sys, numpy; {code}; from envs import TASKS; {make_all}; assert 'envpool' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)

"""Slowed environments: the wrapped one's numbers, bit for bit, and the seconds of each kind of cost."""

from __future__ import annotations

import time

import numpy as np
import pytest

from envs import TASKS
from envs.api import Discrete, Factory
from envs.delayed import SPEND, Delayed, DelayedVecEnv, Kind, compute, delayed
from envs.seeding import Role, stream


def played(factory: Factory, active: np.ndarray, steps: int = 30) -> list[np.ndarray]:
    """All that 2 members with 3 environments each answer to one sequence of actions."""
    env = factory.make([stream(s, Role.ENVIRONMENT, 0) for s in (1, 2)], 3)
    assert isinstance(env.spec.action, Discrete)
    actions = np.random.default_rng(0).integers(env.spec.action.n, size=(min(steps, env.spec.horizon), 2, 3))
    obs, mask = env.reset()
    seen = [obs.copy()] if mask is None else [obs.copy(), mask.copy()]
    for action in actions:
        seen += [x.copy() for x in env.step(action, active) if x is not None]
    env.close()
    return seen


@pytest.mark.parametrize("kind", SPEND)
@pytest.mark.parametrize("name", ["CartPole-v1", "dyck/masked-small", "overopt/small"])
def test_a_slowed_environment_answers_as_the_wrapped_one(name: str, kind: Kind) -> None:
    task = TASKS[name]
    late = delayed(task, 1e-6, kind)
    assert late.spec == task.spec
    active = np.ones((2, 3), np.bool_)
    active[0, 1] = False
    for ours, theirs in zip(played(late.factory, active), played(task.factory, active), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_each_active_environment_costs_its_step_and_a_reset_nothing() -> None:
    """2 members with 3 environments, of which 6, then 4, then none are active: 6, 4 and 0 steps of .25 s."""
    spent: list[float] = []
    plain = TASKS["CartPole-v1"].factory.make([stream(s, Role.ENVIRONMENT, 0) for s in (1, 2)], 3)
    env = DelayedVecEnv(plain, 0.25, spent.append)
    env.reset()
    some = np.array([[True, False, True], [True, True, False]])
    for active in (np.ones((2, 3), np.bool_), some, np.zeros((2, 3), np.bool_)):
        env.step(np.zeros((2, 3), np.int64), active)
    env.close()
    assert spent == [1.5, 1.0, 0.0]


def test_computing_ends_when_the_clock_says_so() -> None:
    """A clock of .4 s a look: begun at .4, 1 second is over at 1.6, which is the fourth look."""
    looks: list[float] = []

    def clock() -> float:
        looks.append(0.4 * (len(looks) + 1))
        return looks[-1]

    compute(1.0, clock)
    assert len(looks) == 4


def test_computing_takes_the_processor_and_waiting_leaves_it() -> None:
    """Lower bounds of the clock that each kind counts on, and one upper bound with a margin of a factor of ten: a sleep
    uses no processor however loaded the machine is."""
    before = time.thread_time()
    SPEND["computes"](0.02)
    assert time.thread_time() - before >= 0.02
    before, begun = time.thread_time(), time.monotonic()
    SPEND["waits"](0.2)
    assert time.monotonic() - begun >= 0.199
    assert time.thread_time() - before < 0.02


def test_a_task_says_what_its_steps_cost() -> None:
    task = TASKS["CartPole-v1"]
    assert delayed(task, 0.001, "computes").name == "CartPole-v1, 1 ms computed"
    late = delayed(task, 0.0005, "waits")
    assert late.name == "CartPole-v1, 0.5 ms waited"
    assert (late.floor, late.threshold) == (22.6, 475.0)


@pytest.mark.parametrize(("step_s", "kind"), [(0.0, "computes"), (float("inf"), "waits"), (0.1, "thinks")])
def test_costs_that_make_no_sense_are_refused(step_s: float, kind: Kind) -> None:
    with pytest.raises(ValueError, match=r"step_s must be|kind 'thinks' is none of computes, waits"):
        Delayed(TASKS["CartPole-v1"].factory, step_s, kind)

"""Contracts of the population axis, for every variant on every kind of task: nothing crosses from member to member."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training_config import TrainingConfig
from algorithms.variant import Variant
from envs import TASKS
from envs.api import Task, Transcript
from envs.control.classic import TASKS as CLASSIC
from envs.control.factory import Control
from tests.builders import LEARNING, double_copy, gradient_of, short_run, small_training, without_clock
from tests.contracts.image_task import IMAGES
from tests.contracts.language_task import PRECISE
from tests.rollouts import in_float64, make_rollout, one_member

TASK_NAMES = ("bandit/small", "lock/small", "CartPole-v1", "Pendulum-v1")
PAIRS = [
    pytest.param((TASKS[t], v), id=f"{t}-{v.name}")
    for t in TASK_NAMES
    for v in LEARNING
    if not v.reason_unsupported(TASKS[t])
]
PAIRS += [pytest.param((PRECISE, v), id=f"adapters-{v.name}") for v in LEARNING if not v.reason_unsupported(PRECISE)]
PAIRS += [pytest.param((IMAGES, VARIANTS[name]), id=f"images-{name}") for name in ("reinforce", "gae", "ppo")]
# control tasks whose streams are compared in every run; the others, which are slow or as these, in the slow one
QUICK = {task.name for task in CLASSIC} | {"FrozenLake-v1", "Blackjack-v1", "Catch-v0", "Jumanji/Game2048-v1"}
EPISODIC = [name for name in TASKS if not name.endswith(("hard", "medium")) and name != "Pong-v5"]  # Pong: too large


SEEDS = (3, 5, 8)


class Played(NamedTuple):
    """What three members did, in float64, and the gradient of it: the same for each contract, which works on copies."""

    task: Task
    variant: Variant
    training: TrainingConfig
    policy: ActorCritic
    rollout: Rollout
    gradient: Tensor


@pytest.fixture(scope="module", params=PAIRS)
def played(request: pytest.FixtureRequest) -> Played:
    task, variant = request.param
    training = replace(small_training(task, variant), max_grad_norm=float("inf"))
    policy, rollout = make_rollout(task, variant, training, SEEDS)
    rollout = in_float64(rollout)
    return Played(task, variant, training, policy, rollout, gradient_of(task, variant, training, rollout, policy))


def test_c1_a_members_gradient_in_a_population_is_its_gradient_alone(played: Played) -> None:
    task, variant, training, policy, rollout, together = played
    for p in range(3):
        alone = gradient_of(task, variant, training, one_member(rollout, p), double_copy(policy, slice(p, p + 1)))
        torch.testing.assert_close(together[p : p + 1], alone, rtol=1e-5, atol=1e-10)
    assert together.abs().sum(1).min() > 0
    assert not torch.equal(together[0], together[1])


def test_c2_poking_one_member_leaves_the_others_bit_equal(played: Played) -> None:
    task, variant, training, policy, rollout, before = played
    policy, rollout = double_copy(policy), in_float64(rollout)
    rollout.reward[:, 1] += 7.0 * rollout.valid[:, 1]
    with torch.no_grad():
        policy.flat.values[1] += 0.3
    after = gradient_of(task, variant, training, rollout, policy)
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert not torch.equal(before[1], after[1])


def test_c3_rows_that_are_not_valid_have_no_influence(played: Played) -> None:
    task, variant, training, policy, rollout, before = played
    rollout = in_float64(rollout)
    if bool(rollout.valid.all()):
        rollout = cut_short(rollout)
        before = gradient_of(task, variant, training, rollout, policy)
    dead = rollout.valid == 0
    assert dead.any()
    rollout.logp[dead] = 3.0
    if rollout.action.is_floating_point():
        rollout.action[dead] = 1.5
    else:
        rollout.action[dead] = 1
    if not isinstance(task.spec.observation, Transcript):  # observations that no valid row starts from or ends on
        unread = torch.ones(rollout.obs.shape[:3], dtype=torch.bool)
        unread[:-1] &= dead
        unread[1:] &= dead
        rollout.obs[unread] = 9.0
    assert torch.equal(before, gradient_of(task, variant, training, rollout, policy))


def cut_short(rollout: Rollout) -> Rollout:
    """The rollout with the last environment's episode ended after its first row (or never begun, at horizon 1)."""
    changed = {k: v.clone() for k, v in rollout.tensors().items()}
    first = 1 if len(rollout.valid) > 1 else 0
    for name in ("valid", "reward", "discount", "continues"):
        changed[name][first:, :, -1] = 0.0
    if first:
        changed["discount"][0, :, -1] = 0.0
        changed["continues"][0, :, -1] = 0.0
    return replace(rollout, **changed)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if isinstance(TASKS[n].factory, Control) and n not in QUICK else n
        for n in EPISODIC
    ],
)
def test_every_tasks_streams_depend_on_the_members_seed_alone(name: str) -> None:
    task, variant = TASKS[name], VARIANTS["reinforce"]
    training = small_training(task, variant, envs=4)
    _, together = make_rollout(task, variant, training, SEEDS)
    _, alone = make_rollout(task, variant, training, (5,))
    steps = len(alone.reward)
    first = slice(None) if isinstance(task.spec.observation, Transcript) else slice(0, min(20, steps))
    np.testing.assert_allclose(together.obs[first, 1:2], alone.obs[first], atol=1e-5)
    np.testing.assert_allclose(together.reward[:steps, 1:2][:20], alone.reward[:20], atol=1e-5)
    assert not np.allclose(together.obs[first, 0], together.obs[first, 1])


@pytest.mark.parametrize("variant", LEARNING, ids=lambda v: v.name)
def test_two_runs_are_bit_equal(variant: Variant) -> None:
    task = next(t for t in ("bandit/small", "CartPole-v1", "Pendulum-v1") if not variant.reason_unsupported(TASKS[t]))
    a, b = (short_run(task, variant.name, env_steps=300) for _ in range(2))
    assert [without_clock(r) for r in a] == [without_clock(r) for r in b]
    assert len({r.eval_return for r in a}) > 3

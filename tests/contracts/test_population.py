"""Contracts of the population axis, for every variant on every kind of task: nothing crosses from member to member."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.rollout import Rollout
from algorithms.training.learner import Learner
from algorithms.variant import Variant
from envs import TASKS
from envs.api import Task, Transcript
from envs.control.classic import TASKS as CLASSIC
from envs.control.factory import Control
from tests.contracts.image_task import IMAGES
from tests.helpers import LEARNING, RecordingOptimiser, make_rollout, short_run, small_training

TASK_NAMES = ("bandit/small", "lock/small", "CartPole-v1", "Pendulum-v1")
PAIRS = [
    pytest.param(TASKS[t], v, id=f"{t}-{v.name}")
    for t in TASK_NAMES
    for v in LEARNING
    if not v.reason_unsupported(TASKS[t])
]
PAIRS += [pytest.param(IMAGES, VARIANTS[name], id=f"images-{name}") for name in ("reinforce", "gae", "ppo")]
# control tasks whose streams are compared in every run; the others, which are slow or as these, in the slow one
QUICK = {task.name for task in CLASSIC} | {"FrozenLake-v1", "Blackjack-v1", "Catch-v0", "Jumanji/Game2048-v1"}
EPISODIC = [name for name in TASKS if not name.endswith(("hard", "medium")) and name != "Pong-v5"]  # Pong: too large


def double(rollout: Rollout) -> Rollout:
    """The rollout in float64."""
    return replace(rollout, **{k: v.double() for k, v in rollout.tensors().items() if v.is_floating_point()})


def member(rollout: Rollout, p: int) -> Rollout:
    """One member's part of a rollout."""
    return replace(rollout, **{k: v[:, p : p + 1] for k, v in rollout.tensors().items()})


def gradient(task: Task, variant: Variant, rollout: Rollout, policy: torch.nn.Module) -> torch.Tensor:
    """The gradient of one full-batch loss, clipping off, from a fresh learner."""
    recorder = RecordingOptimiser()
    training = replace(small_training(task, variant), max_grad_norm=float("inf"), optimiser=recorder)
    policy = copy_of(policy)
    rates = torch.full((len(policy.flat.values),), 1e-3)
    schedule = replace(variant.schedule, epochs=1, minibatches=1)
    Learner(policy, variant.estimator, schedule, training, rates, task).learn(rollout, [])
    return recorder.gradients[0]


def copy_of(policy: torch.nn.Module, members: slice = slice(None)) -> torch.nn.Module:
    """A deep copy, in float64, of some members, with a flat matrix of its own."""
    from algorithms.policies.population import Flat

    twin = copy.deepcopy(policy)
    for parameter in twin.parameters():
        parameter.data = parameter.data[members].double().clone()
        parameter.grad = None
    for module in twin.modules():
        if hasattr(module, "_layers"):
            module._layers = list(zip(module.weights, module.biases, strict=True))
    twin.flat = Flat(twin)
    return twin


@pytest.mark.parametrize(("task", "variant"), PAIRS)
def test_c1_a_members_gradient_in_a_population_is_its_gradient_alone(task: Task, variant: Variant) -> None:
    training = small_training(task, variant)
    policy, rollout = make_rollout(task, variant, training, (3, 5, 8))
    rollout = double(rollout)
    together = gradient(task, variant, rollout, policy)
    for p in range(3):
        alone = gradient(task, variant, member(rollout, p), copy_of(policy, slice(p, p + 1)))
        torch.testing.assert_close(together[p : p + 1], alone, rtol=1e-5, atol=1e-10)
    assert together.abs().sum(1).min() > 0
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize(("task", "variant"), PAIRS)
def test_c2_poking_one_member_leaves_the_others_bit_equal(task: Task, variant: Variant) -> None:
    policy, rollout = make_rollout(task, variant, small_training(task, variant), (3, 5, 8))
    before = gradient(task, variant, double(rollout), policy)
    rollout.reward[:, 1] += 7.0 * rollout.valid[:, 1]
    with torch.no_grad():
        policy.flat.values[1] += 0.3
    after = gradient(task, variant, double(rollout), policy)
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert not torch.equal(before[1], after[1])


@pytest.mark.parametrize(("task", "variant"), PAIRS)
def test_c3_rows_that_are_not_valid_have_no_influence(task: Task, variant: Variant) -> None:
    policy, rollout = make_rollout(task, variant, small_training(task, variant), (3, 5))
    rollout = double(rollout)
    if bool(rollout.valid.all()):
        rollout = cut_short(rollout)
    before = gradient(task, variant, rollout, policy)
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
    assert torch.equal(before, gradient(task, variant, rollout, policy))


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
    training = small_training(task, variant)
    _, together = make_rollout(task, variant, training, (3, 5, 8))
    _, alone = make_rollout(task, variant, training, (5,))
    steps = len(alone.reward)
    first = slice(None) if isinstance(task.spec.observation, Transcript) else slice(0, min(20, steps))
    np.testing.assert_allclose(together.obs[first, 1:2], alone.obs[first], atol=1e-5)
    np.testing.assert_allclose(together.reward[:steps, 1:2][:20], alone.reward[:20], atol=1e-5)
    assert not np.allclose(together.obs[first, 0], together.obs[first, 1])


@pytest.mark.parametrize("variant", LEARNING, ids=lambda v: v.name)
def test_two_runs_are_bit_equal(variant: Variant) -> None:
    a, b = (short_run("bandit/small", variant.name) for _ in range(2))
    assert [strip(r) for r in a] == [strip(r) for r in b]
    assert len({r.eval_return for r in a}) > 3


def strip(record: object) -> tuple[str, ...]:
    """A record without its clock; NaN compares equal as text."""
    return tuple(repr(getattr(record, f.name)) for f in fields(record) if f.name != "wall_s")  # type: ignore[arg-type]

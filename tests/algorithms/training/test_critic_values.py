"""The values of the critic that are computed once: before an update, and for its first loss."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.training.critic_values import critic_values, values_of
from algorithms.training_config import TrainingConfig, Unroll
from envs import TASKS
from tests.builders import make_learner, small_training
from tests.rollouts import make_rollout

TASK = TASKS["CartPole-v1"]


def whole_or_windows(name: str, windows: bool) -> TrainingConfig:
    training = small_training(TASK, VARIANTS[name])
    return replace(training, collection=Unroll(envs=4, steps=7)) if windows else training


@pytest.mark.parametrize("windows", [False, True])
def test_shared_values_are_those_of_every_observation(windows: bool) -> None:
    policy, rollout = make_rollout(TASK, VARIANTS["gae"], whole_or_windows("gae", windows), (0, 1, 2))
    values, learned = values_of(policy, rollout, compact=False, learns_at_once=True)
    assert values is not None
    assert learned is not None
    with torch.no_grad():
        every = policy.values(rollout.obs, len(rollout.valid) + 1)
    needed = torch.zeros_like(every, dtype=torch.bool)
    needed[:-1] |= rollout.valid > 0
    needed[1:] |= rollout.valid > 0
    torch.testing.assert_close(values, torch.where(needed, every, 0.0))
    assert torch.equal(values, critic_values(policy, rollout, compact=False))
    for p in range(3):  # the rows to learn from come first, in the order t N + n
        own = rollout.valid[:, p].flatten() > 0
        assert torch.equal(learned[0, p, : int(own.sum())], values[:-1, p].flatten()[own])


@pytest.mark.parametrize("windows", [False, True])
def test_the_first_loss_on_shared_values_has_the_same_gradient(windows: bool) -> None:
    variant, training = VARIANTS["gae"], whole_or_windows("gae", windows)
    policy, rollout = make_rollout(TASK, variant, training, (0, 1, 2))
    learner = make_learner(policy, variant, training, TASK)
    batch, _ = learner.prepare(rollout)
    assert batch.values is not None
    learner.descend(batch)
    shared = policy.flat.gradient.clone()
    learner.descend(replace(batch, values=None))
    assert shared[:, policy.critic_columns].any()
    assert torch.equal(shared, policy.flat.gradient)


def test_later_passes_over_a_rollout_compute_the_values_anew() -> None:
    variant, training = VARIANTS["gae"], whole_or_windows("gae", False)

    def learned(sharing: bool) -> torch.Tensor:
        policy, rollout = make_rollout(TASK, variant, training, (0, 1))
        learner = make_learner(policy, variant, training, TASK, schedule=Schedule(epochs=3))
        if sharing:
            learner.learn(rollout, [])
        else:
            batch = replace(learner.prepare(rollout)[0], values=None)
            for _ in range(3):
                learner.step(batch, 1)
        return policy.flat.values.clone()

    assert torch.equal(learned(sharing=True), learned(sharing=False))


def test_values_are_not_shared_with_minibatches_or_on_texts_or_among_configurations() -> None:
    policy, rollout = make_rollout(TASK, VARIANTS["gae"], whole_or_windows("gae", False), (0, 1))
    assert values_of(policy, rollout, compact=False, learns_at_once=False)[1] is None
    assert values_of(policy, rollout, compact=True, learns_at_once=True)[1] is None
    text = TASKS["bandit/medium"]
    policy, rollout = make_rollout(text, VARIANTS["gae"], small_training(text, VARIANTS["gae"]), (0, 1))
    assert values_of(policy, rollout, compact=False, learns_at_once=True)[1] is None

"""The learner: clipping, members that diverge, annealed steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from envs import TASKS
from tests.builders import (
    make_learner,
    small_training,
)
from tests.rollouts import make_rollout

SEEDS = (0, 1, 2)


class Plain:
    """theta <- theta - rate g."""

    shared_state = ()

    def initial(self, values: torch.Tensor) -> dict[str, torch.Tensor]:
        return {}

    def step(
        self, values: torch.Tensor, gradient: torch.Tensor, rate: torch.Tensor, state: dict[str, torch.Tensor]
    ) -> None:
        values.sub_(rate * gradient)


@pytest.mark.parametrize(
    ("variant", "clipped", "actor", "critic"),
    [
        ("gae", "apart", [3 / 5, 4 / 5], [0, 12 / 12]),  # 3, 4 has norm 5; 0, 12 has norm 12
        ("gae", "together", [3 / 13, 4 / 13], [0, 12 / 13]),  # and both of them 13
        ("reinforce", "apart", [3 / 5, 4 / 5], []),  # no critic
    ],
)
def test_gradients_of_actor_and_critic_are_clipped_together_or_apart(
    variant: str, clipped: str, actor: list[float], critic: list[float]
) -> None:
    task, made = TASKS["CartPole-v1"], VARIANTS[variant]
    training = replace(small_training(task, made), max_grad_norm=1.0, clipped=clipped, optimiser=Plain())  # type: ignore[arg-type]
    policy, _ = make_rollout(task, made, training, (0, 1))
    learner = make_learner(policy, made, training, task, 1.0)
    flat, ours, theirs = policy.flat, policy.actor_columns, policy.critic_columns
    flat.gradient.zero_()
    flat.gradient[0, ours][:2] = torch.tensor([3.0, 4.0])
    flat.gradient[0, theirs][:2] = torch.tensor([0.0, 12.0])[: len(critic)]
    flat.values.zero_()
    learner.apply()
    moved = -flat.values[0]
    assert moved[ours][:2].tolist() == pytest.approx(actor, abs=1e-3)
    assert moved[theirs][:2].tolist() == pytest.approx(critic, abs=1e-3)
    assert not flat.values[1].any()


def test_a_critic_that_is_not_finite_freezes_its_member_also_where_clipping_is_apart() -> None:
    task, made = TASKS["CartPole-v1"], VARIANTS["gae"]
    training = replace(small_training(task, made), max_grad_norm=1.0, clipped="apart")
    policy, _ = make_rollout(task, made, training, (0, 1))
    learner = make_learner(policy, made, training, task, 1.0)
    policy.flat.gradient.fill_(1.0)
    policy.flat.gradient[1, policy.critic_columns.start] = float("nan")
    learner.apply()
    assert learner.healthy.tolist() == [True, False]
    assert not policy.flat.values[1].any()


@pytest.mark.parametrize(("anneal", "left"), [(True, 1 / 4), (1 / 3, 3 / 4)])
def test_annealed_steps_are_as_short_as_the_rest_of_the_budget(anneal: float, left: float) -> None:
    """At three quarters of it a quarter of the step, from the same rollout and parameters: Adam's first is as its rate."""
    task, variant = TASKS["lock/small"], VARIANTS["reinforce"]
    training = replace(small_training(task, variant), anneal=anneal)
    steps = []
    for spent in (0.0, 0.75):
        policy, rollout = make_rollout(task, variant, training, SEEDS)
        learner = make_learner(policy, variant, training, task, 0.5)
        before = policy.flat.values.clone()
        learner.learn(rollout, [np.random.default_rng(s) for s in SEEDS], torch.full((3,), spent))
        steps.append(policy.flat.values - before)
    assert steps[0].abs().max() > 1e-3
    torch.testing.assert_close(steps[1], steps[0] * left, rtol=1e-4, atol=1e-6)


def test_which_texts_are_right_does_not_depend_on_the_scale_of_rewards() -> None:
    """A tenth of every reward moves no text over the middle of J0 and J*, which is scaled with them."""
    task, made = TASKS["padanswer/small"], VARIANTS["rloo"]
    lengths = []
    for scale in (1.0, 0.1):
        training = replace(small_training(task, made), reward_scale=scale)
        policy, rollout = make_rollout(task, made, training, SEEDS)
        learner = make_learner(policy, made, training, task)
        learner.learn(rollout, [np.random.default_rng(0)] * len(SEEDS), diagnosing=True)
        lengths.append(learner.diagnostics.means()["length_right"])
    assert np.isfinite(lengths[0]).all()
    np.testing.assert_array_equal(lengths[0], lengths[1])

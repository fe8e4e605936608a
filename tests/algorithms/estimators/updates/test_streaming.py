"""Traces and bounded steps: by hand, over the end of an episode, and through a kill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.updates.streaming import Streaming
from algorithms.training.learner import Learner
from algorithms.training.run import Run, train
from algorithms.training_config import Unroll
from envs import TASKS
from tests.builders import make_learner, make_policy, make_run, records_of, resumed, small_training, without_clock
from tests.rollouts import make_rollout

TASK, VARIANT = TASKS["CartPole-v1"], VARIANTS["stream_ac"]
SEEDS = (3, 5)


def learner_and_rollout(update: Streaming, steps: int) -> tuple[Learner, Rollout]:
    variant = replace(VARIANT, update=update)
    training = replace(small_training(TASK, variant), collection=Unroll(steps, 1), discount=0.9)
    policy, rollout = make_rollout(TASK, variant, training, SEEDS)
    return make_learner(policy, variant, training, TASK, rate=1.0), rollout


def row(rollout: Rollout, t: int) -> Rollout:
    """Row t as a rollout of one step."""
    cut = {name: x[t : t + 1] for name, x in rollout.tensors().items()}
    return replace(rollout, **{**cut, "obs": rollout.obs[t : t + 2]})  # type: ignore[arg-type]


def by_autograd(learner: Learner, one: Rollout) -> tuple[Tensor, Tensor]:
    """(grad (log pi(a) + V(s)) [P, D], delta [P]) of a row, without the learner's loss."""
    policy = learner.policy
    out = policy.outputs(one.obs[:1], None, 1)
    values = policy.values(one.obs[:1], 1)
    total = (policy.head.log_prob(out, one.action) + values).sum()
    policy.flat.set_gradient(torch.autograd.grad(total, list(policy.parameters())))
    with torch.no_grad():
        ahead = policy.values(one.obs[1:], 1)
        delta = one.reward + one.discount * ahead - values
    return policy.flat.gradient.clone(), delta[0, :, 0]


def test_two_steps_by_hand() -> None:
    """z_1 = g_1, z_2 = 0.9 0.5 z_1 + g_2; each step is rate delta z over max(1, rate kappa max(|delta|, 1) |z|_1)."""
    learner, rollout = learner_and_rollout(Streaming(lam=0.5), 2)
    policy, z = learner.policy, torch.zeros_like(learner.policy.flat.values)
    for t in range(2):
        one = row(rollout, t)
        g, delta = by_autograd(learner, one)
        z, before = 0.45 * z + g, policy.flat.values.clone()
        learner.learn(one, [])
        torch.testing.assert_close(learner.memory["trace"], z, rtol=1e-4, atol=1e-6)
        for columns, kappa in ((policy.actor_columns, 3.0), (policy.critic_columns, 2.0)):
            reach = kappa * delta.abs().clamp(min=1) * z[:, columns].abs().sum(1)
            expected = (delta / reach.clamp(min=1))[:, None] * z[:, columns]
            torch.testing.assert_close(
                policy.flat.values[:, columns] - before[:, columns], expected, rtol=1e-3, atol=1e-6
            )


def test_a_step_never_carries_the_value_past_its_target() -> None:
    """To first order V(s) moves by step |grad V|^2 delta; with |z|_1 in the bound that is a fraction of delta."""
    learner, rollout = learner_and_rollout(Streaming(lam=0.0), 1)
    _, delta = by_autograd(learner, rollout)
    before = learner.policy.values(rollout.obs[:1], 1)[0, :, 0].detach()
    learner.learn(rollout, [])
    moved = learner.policy.values(rollout.obs[:1], 1)[0, :, 0].detach() - before
    assert bool((moved * delta > 0).all())
    assert bool((moved.abs() < delta.abs()).all())


def test_the_row_between_two_episodes_clears_the_trace_of_its_member() -> None:
    learner, rollout = learner_and_rollout(Streaming(), 2)
    learner.learn(row(rollout, 0), [])
    between = row(rollout, 1)
    valid = between.valid.clone()
    valid[:, 1] = 0.0
    before = learner.policy.flat.values.clone()
    learner.learn(replace(between, valid=valid, reward=between.reward * valid), [])
    assert learner.memory["trace"][0].abs().max() > 0
    assert learner.memory["trace"][1].abs().max() == 0
    assert torch.equal(learner.policy.flat.values[1], before[1])
    assert not torch.equal(learner.policy.flat.values[0], before[0])


def test_several_rows_would_need_several_traces() -> None:
    learner, rollout = learner_and_rollout(Streaming(), 3)
    with pytest.raises(ValueError, match="this batch has 3 rows"):
        learner.learn(rollout, [np.random.default_rng(0)] * 2)


def run_of(seeds: tuple[int, ...] = (3, 5, 8)) -> Run:
    return make_run(TASK, VARIANT, small_training(TASK, VARIANT), 120, seeds, rate=1.0)


def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    state, records = resumed(run_of, tmp_path / "state")
    assert state.tensors["memory.trace"].shape[0] == 3
    assert state.tensors["memory.trace"].abs().max() > 0
    assert [without_clock(r) for r in records] == [without_clock(r) for r in records_of(train(run_of()))]


def test_a_selected_member_takes_its_trace_along() -> None:
    run = run_of()
    list(run.segment())
    kept = run.state().tensors["memory.trace"]
    assert torch.equal(run.select_members([1]).state().tensors["memory.trace"], kept[[1]])


def test_texts_have_no_single_steps() -> None:
    reason = VARIANT.reason_unsupported(TASKS["lock/small"])
    assert reason == "learns from single steps, and texts are played as a whole"


def test_other_updates_remember_nothing() -> None:
    gae = VARIANTS["gae"]
    training = small_training(TASK, gae)
    learner = make_learner(make_policy(TASK, gae, training, SEEDS), gae, training, TASK)
    assert learner.memory == {}
    assert not any(name.startswith("memory") for name in learner.tensors())


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lam must lie in \[0, 1\]"):
        Streaming(lam=1.5)
    with pytest.raises(ValueError, match="must be positive"):
        Streaming(kappa=0.0)

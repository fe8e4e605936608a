"""Many actions: head inputs are not kept, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies import many_actions
from algorithms.policies.distributions import Categorical
from algorithms.policies.many_actions import Density
from algorithms.training.actor import Actor
from algorithms.training.observation_normaliser import Identity
from algorithms.training.returns.sampled_return import PolicyEvaluation
from envs.api import Discrete
from envs.seeding import Purpose
from tests.builders import gradient_of, make_policy
from tests.contracts.language_task import PRAISE, PRECISE, TRAINING
from tests.rollouts import in_float64, make_rollout


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it, and 4 actions are many; two steps of two members with 16 environments are computed at once."""

    def call() -> None:
        monkeypatch.setattr(many_actions, "MANY_ACTIONS", 3)
        monkeypatch.setattr(many_actions, "NUMBERS_TOGETHER", 2 * 2 * 16 * 4)

    return call


def test_densities_are_the_heads_bit_for_bit_whatever_is_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    head, generator = Categorical(Discrete(300)), torch.Generator().manual_seed(0)
    out = 3 * torch.randn(2, 7, 300, generator=generator)
    action = torch.randint(300, (2, 7), generator=generator)
    for together in (1, 900, 10**6):
        monkeypatch.setattr(many_actions, "NUMBERS_TOGETHER", together)
        density = Density.of(head, out, action.numpy())
        logp, entropy = head.log_prob_entropy(out, action)
        np.testing.assert_array_equal(density.logp, logp)
        np.testing.assert_array_equal(density.entropy, entropy)
        np.testing.assert_array_equal(density.score_norm_sq, head.score_norm_sq(out, action))


def test_rollouts_and_scores_are_those_of_kept_head_inputs(many: Any) -> None:
    variant = VARIANTS["otb"]  # reads the norms of scores
    policy = make_policy(PRAISE, variant, TRAINING, (1, 2))
    policy.flat.values.normal_(std=0.3, generator=torch.Generator().manual_seed(0))

    def played() -> tuple[Any, ...]:
        rollout = make_rollout(PRAISE, variant, TRAINING, (1, 2), policy)[1]
        evaluation = PolicyEvaluation(policy, Identity(), (1, 2), Purpose.TRAIN, (0, 0))
        return rollout, evaluation.scores(PRAISE, 5, greedy=False)

    (kept, kept_scores), _ = played(), many()
    (rollout, scores) = played()
    for name, x in rollout.tensors().items():
        torch.testing.assert_close(x, kept.tensors()[name], msg=name)
    assert rollout.score_norm_sq.std() > 0.01
    np.testing.assert_array_equal(scores.value, kept_scores.value)
    for name, x in scores.measures.items():
        np.testing.assert_allclose(x, kept_scores.measures[name], rtol=1e-6)
    env = PRAISE.factory.make([np.random.SeedSequence(1)] * 2, 4)
    tape = Actor(env, policy, Identity(), [np.random.default_rng(i) for i in range(2)]).play(np.ones(2, np.bool_))
    assert all(row.out.size == 0 for row in tape.rows)


@pytest.mark.parametrize("name", ["reinforce", "entropy", "gae", "ppo", "impala"])
def test_gradients_are_those_of_kept_head_inputs(name: str, many: Any) -> None:
    variant, training = VARIANTS[name], replace(TRAINING, max_grad_norm=float("inf"))
    policy, rollout = make_rollout(PRECISE, variant, training, (1, 2))
    kept = gradient_of(PRECISE, variant, training, in_float64(rollout), policy)
    many()
    torch.testing.assert_close(
        gradient_of(PRECISE, variant, training, in_float64(rollout), policy), kept, rtol=1e-6, atol=1e-9
    )
    assert float(kept.abs().max()) > 1e-3


def test_no_head_inputs_are_kept_for_the_gradient(many: Any) -> None:
    policy, rollout = make_rollout(PRAISE, VARIANTS["ppo"], TRAINING, (1, 2))

    def most_kept() -> int:
        """Tensors over all actions among those that autograd keeps."""
        shapes: list[tuple[int, ...]] = []

        def pack(x: torch.Tensor) -> torch.Tensor:
            shapes.append(tuple(x.shape))
            return x

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
            density = policy.log_prob_entropy(rollout.obs, None, rollout.action)
            if density is None:
                out = policy.outputs(rollout.obs, None, len(rollout.action))
                density = policy.head.log_prob_entropy(out, rollout.action)
            assert density[0].requires_grad
        return sum(shape[-3:] == (2, 16, 4) or (len(shape) == 2 and shape[-1] == 4) for shape in shapes)

    assert most_kept() > 0
    many()
    assert most_kept() == 0

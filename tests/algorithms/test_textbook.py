"""The textbook's loss and REINFORCE."""

from __future__ import annotations

from dataclasses import replace

import torch

from algorithms import VARIANTS
from algorithms.policies.networks.mlp import MLP
from algorithms.textbook import Episode, policy_gradient_loss
from algorithms.training_config import Episodes
from envs import TASKS
from tests.builders import (
    make_learner,
    small_training,
)
from tests.rollouts import make_rollout


def test_the_textbook_and_reinforce_have_the_same_gradient() -> None:
    task, variant = TASKS["CartPole-v1"], VARIANTS["reinforce"]
    training = replace(small_training(task, variant), network=MLP((8,)), discount=0.9, collection=Episodes(4))
    policy, rollout = make_rollout(task, variant, training, (5,))
    learner = make_learner(policy, variant, training, task)
    learner.gradient(rollout)
    plain = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    weights = [w for pair in zip(policy.actor.weights, policy.actor.biases, strict=True) for w in pair]
    with torch.no_grad():
        for theirs, ours in zip(plain.parameters(), weights, strict=True):
            theirs.copy_(ours[0].T if theirs.ndim == 2 else ours[0, 0])
    episodes: list[Episode] = []
    for n in range(4):
        rows = rollout.valid[:, 0, n] > 0
        parts = (x[:, 0, n][rows] for x in (rollout.obs[:-1], rollout.action, rollout.reward))
        obs, action, reward = parts
        episodes.append((list(obs), action.tolist(), reward.tolist()))
    policy_gradient_loss(plain, episodes, gamma=0.9).backward()
    theirs = {name: p.grad for name, p in plain.named_parameters()}
    ours = [g for pair in zip(policy.actor.weights, policy.actor.biases, strict=True) for g in pair]
    for mine, peer in zip(ours, theirs.values(), strict=True):
        assert peer is not None
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad[0].T if peer.ndim == 2 else mine.grad[0, 0], peer, rtol=1e-4, atol=1e-5)

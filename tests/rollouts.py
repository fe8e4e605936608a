"""Rollouts that several test files build: by hand, and played by a freshly initialised population."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from algorithms.composition import Composition
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.collector import Collector
from algorithms.training.observation_normaliser import Identity
from algorithms.training_config import TrainingConfig
from envs.api import Task
from tests.builders import make_policy, members_of


def make_collector(
    task: Task,
    variant: Composition,
    training: TrainingConfig,
    seeds: tuple[int, ...],
    policy: ActorCritic | None = None,
    tries: int = 1,
    rounds: int = 1,
) -> Collector:
    """Environments and actors at the beginning of each seed's streams."""
    policy = policy or make_policy(task, variant, training, seeds)
    members = members_of(seeds, training.learning_rate)
    return Collector(task, policy, variant.estimator, training, Identity(), members, (0,), tries=tries, rounds=rounds)


def make_rollout(
    task: Task,
    variant: Composition,
    training: TrainingConfig,
    seeds: tuple[int, ...],
    policy: ActorCritic | None = None,
) -> tuple[ActorCritic, Rollout]:
    """A population, freshly initialised unless given, and what it did in one collection."""
    policy = policy or make_policy(task, variant, training, seeds)
    collector = make_collector(task, variant, training, seeds, policy)
    rollout, _ = collector.collect(np.ones(len(seeds), np.bool_))
    collector.close()
    return policy, rollout


def manual_rollout(
    reward: list[float], discount: list[float], continues: list[float], valid: list[float] | None = None
) -> Rollout:
    """One member, one environment, rows given by hand."""

    def column(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1)

    steps = len(reward)
    zero = torch.zeros(steps, 1, 1, dtype=torch.float64)
    return Rollout(
        obs=torch.zeros(steps + 1, 1, 1, 1),
        action=zero.long(),
        logp=zero,
        reward=column(reward),
        discount=column(discount),
        continues=column(continues),
        valid=column(valid or [1.0] * steps),
        action_mask=None,
        group=1,
    )


def grouped_rollout(reward: list[list[float]], valid: list[list[float]], group: int) -> Rollout:
    """One member; rows are time, columns environments; gamma 1, episodes end where `valid` ends."""
    r, on = (torch.tensor(x, dtype=torch.float64)[:, None] for x in (reward, valid))
    goes_on = torch.cat([on[1:], torch.zeros_like(on[:1])])
    zero = torch.zeros_like(r)
    return Rollout(zero, zero, zero, r * on, goes_on, goes_on, on, None, group)


def in_float64(rollout: Rollout) -> Rollout:
    """A copy of the rollout in float64."""
    return replace(
        rollout,
        **{
            k: v.to(torch.float64, copy=True) if v.is_floating_point() else v.clone()
            for k, v in rollout.tensors().items()
        },
    )


def one_member(rollout: Rollout, p: int) -> Rollout:
    """One member's part of a rollout."""
    return replace(rollout, **{k: v[:, p : p + 1] for k, v in rollout.tensors().items()})

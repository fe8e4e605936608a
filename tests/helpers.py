"""Rollouts and runs that several test files build."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.build import build_collector, build_policy
from algorithms.training.evaluation import Evaluation
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Members, Record
from algorithms.training.run import Run, train
from algorithms.training_config import Episodes, TrainingConfig, Unroll
from algorithms.variant import Variant
from benchmarks.design.resolve import resolve
from envs import TASKS
from envs.api import Task

LEARNING = [v for v in VARIANTS.values() if not v.exact]
SMALLEST = {"text": "bandit/small", "control": "CartPole-v1"}


def small_training(task: Task, variant: Variant, envs: int = 16) -> TrainingConfig:
    """The settings of (task, variant) with few environments, short windows and short segments."""
    training = resolve(task, variant).training
    collection = training.collection
    smaller = Unroll(5, envs) if isinstance(collection, Unroll) else Episodes(envs, min(collection.group, 4))
    return replace(training, collection=smaller, segment=5)


def brief(variant: Variant) -> Variant:
    """The variant with at most 2 passes of 4 minibatches: 320 steps a rollout take minutes and show nothing more."""
    schedule = variant.schedule
    shorter = replace(schedule, epochs=min(schedule.epochs, 2), minibatches=min(schedule.minibatches, 4))
    return replace(variant, schedule=shorter)


def make_rollout(
    task: Task, variant: Variant, training: TrainingConfig, seeds: tuple[int, ...], policy: ActorCritic | None = None
) -> tuple[ActorCritic, Rollout]:
    """A freshly initialised population and what it did in one collection."""
    members = Members(seeds, (training.learning_rate,) * len(seeds))
    policy = policy or build_policy(task, variant, training, members)
    collector = build_collector(task, policy, variant.estimator, training, Identity(), members, (0,))
    rollout, _ = collector.collect(np.ones(len(seeds), np.bool_))
    collector.close()
    return policy, rollout


class RecordingOptimiser:
    """Keeps the gradients that it is given, clipped as they come, and moves nothing."""

    shared_state = ()

    def __init__(self) -> None:
        self.gradients: list[Tensor] = []

    def initial(self, values: Tensor) -> dict[str, Tensor]:
        return {}

    def step(self, values: Tensor, gradient: Tensor, rate: Tensor, state: dict[str, Tensor]) -> None:
        self.gradients.append(gradient.clone())


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


def short_run(
    task: str, variant: str, seeds: tuple[int, ...] = (0, 1, 2), env_steps: int = 600, **changes: object
) -> list[Record]:
    """All records of a small run of the variant, made brief."""
    training = replace(small_training(TASKS[task], VARIANTS[variant]), **changes)  # type: ignore[arg-type]
    members = Members(seeds, (training.learning_rate,) * len(seeds))
    run = Run(TASKS[task], brief(VARIANTS[variant]), training, members, env_steps, Evaluation(2, 3))
    return [event for event in train(run) if isinstance(event, Record)]

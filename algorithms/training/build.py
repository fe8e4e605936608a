"""Builds the parts of a run from its task, variant and training: policies, normalisers, random streams."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from algorithms.composition import Composition
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.api import SeededStart
from algorithms.policies.networks.adapter_memory import check_memory
from algorithms.policies.networks.adapters import Adapters
from algorithms.policies.population import torch_generators
from algorithms.training.observation_normaliser import Identity, Normaliser, RunningMoments
from algorithms.training.records import Members
from algorithms.training.reward_normaliser import RewardNormaliser
from algorithms.training_config import TrainingConfig
from envs.api import Features, Task
from envs.seeding import Role, generator, stream


def build_policy(
    task: Task, variant: Composition, training: TrainingConfig, members: Members, device: str = "cpu"
) -> ActorCritic:
    """The initialised policies of a population, each from its own seed. ValueError if a setting or memory does not fit."""
    if reason := training.reason_unsupported(task):
        raise ValueError(f"the training of {task.name} {reason}")
    critic = variant.estimator.baseline.critic
    if isinstance(training.network, Adapters):
        check_memory(training.network, task.spec, len(members.seeds), training.collection.envs, critic, device)
    seeds = [stream(s, Role.INITIALISATION, purpose=members.purpose) for s in members.seeds]
    policy = ActorCritic(
        task.spec,
        training.network,
        critic,
        torch_generators(seeds),
        training.initial_log_std,
        device,
        training.exploration,
        training.actions,
    )
    if isinstance(policy.actor, SeededStart):
        policy.actor.start(members.seeds)
    return policy


def build_normaliser(
    task: Task, training: TrainingConfig, members: Members, moments: Callable[[int, int], Normaliser] = RunningMoments
) -> Normaliser:
    """The normaliser between environments and population, in its initial state.

    moments  makes the normaliser of observations from (members, features)
    """
    observation, count = task.spec.observation, len(members.seeds)
    made: Normaliser = Identity()
    if training.normalise_observations and isinstance(observation, Features):
        made = moments(count, observation.size)
    return RewardNormaliser(made, count) if training.normalise_returns else made


def minibatch_generators(members: Members, position: tuple[int, ...]) -> list[np.random.Generator]:
    """Each member's generator of minibatch orders."""
    return [generator(s, Role.MINIBATCH, *position, purpose=members.purpose) for s in members.seeds]

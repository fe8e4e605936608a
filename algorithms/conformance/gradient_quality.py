"""Bias, variance, signal-to-noise ratio and direction of an estimator's gradient, compared with the exact gradient.

Members share their weights and differ in their samples, so one rollout and one backward pass give 1,000 replicates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from algorithms.composition import Schedule
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.build import build_policy
from algorithms.training.collector import Collector
from algorithms.training.learner import Learner
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Members
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training_config import Episodes, TrainingConfig
from algorithms.variant import Variant
from envs.api import Task
from envs.seeding import Purpose

AT_ONCE = 1_000  # replicates in one population; this limits memory
STILL = 1e-6  # a fraction of |grad J|: a coordinate whose deviation is smaller counts as constant


@dataclass(frozen=True)
class Quality:
    """Statistics of R replicates g_1..g_R of a gradient estimate, with g* = grad J.

    bias      |mean g - g*|                      noise     expected bias of an unbiased estimator: sqrt(variance / R)
    max_z     largest |z| of a coordinate        scale     <mean g, g*> / |g*|^2: 1 if unbiased, (G-1)/G for a group mean
    variance  trace of the covariance of one g   scale_z   |scale - 1| / scale_error, the standard error of scale
    snr       |g*|^2 / variance                  cosine    of mean g to g*
    single    mean cosine of one g to g* (0 if g is 0)
    """

    replicates: int
    bias: float
    noise: float
    max_z: float
    scale: float
    scale_error: float
    scale_z: float
    variance: float
    snr: float
    cosine: float
    single: float


def replicates(
    task: Task,
    variant: Variant,
    training: TrainingConfig,
    actor: Tensor,
    count: int,
    first_seed: int = 0,
    warm: int = 5,
    critic: Tensor | None = None,
    on_drawn: Callable[[int], None] = lambda drawn: None,
    behaviour: Tensor | None = None,
) -> Tensor:
    """`count` independent estimates of grad J at one policy [count, D] in float64, with D parameters of the actor.

    actor      parameters of the actor that learns [D]
    warm       rollouts that a baseline with a memory sees before the one that is measured
    critic     parameters of the critic; None: its initial ones, the same for all replicates
    on_drawn   gets how many there are, after each thousand
    behaviour  parameters of the actor that plays [D]; None: the one that learns
    """
    if not isinstance(training.collection, Episodes):
        raise ValueError(
            f"the laboratory measures whole episodes: training.collection must be Episodes, not {training.collection}"
        )
    seeds = range(first_seed, first_seed + count)
    parts = []
    for i in range(0, count, AT_ONCE):
        some = tuple(seeds[i : i + AT_ONCE])
        parts.append(_population(task, variant, training, actor, some, warm, critic, behaviour))
        on_drawn(min(count, i + AT_ONCE))
    return torch.cat(parts)


def _population(
    task: Task,
    variant: Variant,
    training: TrainingConfig,
    actor: Tensor,
    seeds: tuple[int, ...],
    warm: int,
    critic: Tensor | None,
    behaviour: Tensor | None,
) -> Tensor:
    policy = acting = equal_policies(task, variant, training, actor, seeds, critic)
    if behaviour is not None:
        acting = equal_policies(task, variant, training, behaviour, seeds, critic)
    learner = Learner(policy, variant.estimator, variant.schedule, training, torch.ones(len(seeds)), task)
    members, rounds = replicate_members(seeds), variant.schedule.rounds
    collector = Collector(task, acting, variant.estimator, training, Identity(), members, (0,), rounds=rounds)
    everyone = np.ones(len(seeds), np.bool_)
    for _ in range(1 + (warm if learner.baseline else 0)):
        gradient = learner.gradient(collector.collect(everyone)[0])
    collector.close()
    return gradient[:, : len(actor)].double()


def replicate_members(seeds: tuple[int, ...]) -> Members:
    """The members of a population of replicates."""
    return Members(seeds, (1.0,) * len(seeds), Purpose.TEST)


def equal_policies(
    task: Task, variant: Variant, training: TrainingConfig, actor: Tensor, seeds: tuple[int, ...], critic: Tensor | None
) -> ActorCritic:
    """A population whose members have the same parameters."""
    # one is initialised and copied: to initialise each takes longer than to sample its episodes
    one = build_policy(task, variant, training, replicate_members(seeds[:1]))
    policy = one.select_members(np.zeros(len(seeds), np.int64))
    with torch.no_grad():
        policy.flat.values[:, : len(actor)] = actor.to(policy.flat.values)
        if critic is not None:
            policy.flat.values[:, policy.critic_columns] = critic.to(policy.flat.values)
    return policy


def fitted_critic(
    task: Task, variant: Variant, training: TrainingConfig, actor: Tensor, rollouts: int, seed: int = 0
) -> Tensor:
    """Parameters of a critic trained on `rollouts` rollouts of one frozen actor, at training.learning_rate."""
    policy = equal_policies(task, variant, training, actor, (seed,), None)
    learner = Learner(policy, variant.estimator, Schedule(), training, torch.full((1,), training.learning_rate), task)
    learner.freeze_actor()
    collector = Collector(task, policy, variant.estimator, training, Identity(), replicate_members((seed,)), (0,))
    for _ in range(rollouts):
        learner.learn(collector.collect(np.ones(1, np.bool_))[0], [])
    collector.close()
    return policy.flat.values[0, policy.critic_columns].clone()


def exact_ascent(task: Task, training: TrainingConfig, updates: int, noise: float = 0.1, seed: int = 0) -> Tensor:
    """Parameters [D] of an actor after `updates` steps of exact gradient ascent, at training.learning_rate."""
    policy = one_policy(task, training, gaussian_parameters(task, training, noise, seed))
    exact, state = ExactReturn(task), training.optimiser.initial(policy.flat.values)
    rate = torch.full_like(policy.flat.values, training.learning_rate)
    for _ in range(updates):
        gradient = exact.gradient(policy)
        training.optimiser.step(policy.flat.values, -gradient, rate, state)
    return policy.flat.values[0].clone()


def one_policy(task: Task, training: TrainingConfig, actor: Tensor | None = None) -> ActorCritic:
    """A single actor, with these parameters."""
    policy = ActorCritic(task.spec, training.network, False, [torch.Generator().manual_seed(0)])
    if actor is not None:
        with torch.no_grad():
            policy.flat.values[:, : len(actor)] = actor.to(policy.flat.values)
    return policy


def gaussian_parameters(task: Task, training: TrainingConfig, noise: float, seed: int = 0) -> Tensor:
    """Parameters [D] of an actor that is not uniform, each Gaussian with the standard deviation `noise`."""
    policy = one_policy(task, training)
    return noise * torch.randn(policy.flat.values.shape[1], generator=torch.Generator().manual_seed(seed))


def exact_return(task: Task, training: TrainingConfig, actor: Tensor) -> float:
    """J at the policy with these parameters [D], by enumeration."""
    return float(ExactReturn(task).value(one_policy(task, training, actor))[0])


def exact_gradient(task: Task, training: TrainingConfig, actor: Tensor) -> Tensor:
    """grad J at the policy with these parameters [D], by enumeration (float64). ValueError if the task is too large."""
    return ExactReturn(task).gradient(one_policy(task, training, actor))[0].double()


def _z_scores(off: Tensor, error: Tensor, still: float) -> Tensor:
    """|off| / error. If the error is 0 up to rounding (`still`), the score is 0 where `off` is 0 too, else infinite."""
    scores = off.abs() / error.clamp(min=1e-300)
    return torch.where(error > still, scores, torch.where(off.abs() > 100 * still, torch.inf, 0.0))


def quality(samples: Tensor, exact: Tensor) -> Quality:
    """Statistics of the replicates [R, D], compared with the exact gradient [D]."""
    count, mean = len(samples), samples.mean(0)
    variances = samples.var(0)
    variance, signal = float(variances.sum()), float(exact @ exact)
    off, along = mean - exact, samples @ exact
    z = _z_scores(off, (variances / count).sqrt(), STILL * float(exact.norm()))
    scale_z = _z_scores(along.mean() - signal, along.std() / count**0.5, STILL * signal)
    return Quality(
        replicates=count,
        bias=float(off.norm()),
        noise=(variance / count) ** 0.5,
        max_z=float(z.max()),
        scale=float(mean @ exact) / signal if signal else float("nan"),
        scale_error=float(along.std()) / count**0.5 / signal if signal else float("nan"),
        scale_z=float(scale_z),
        variance=variance,
        snr=signal / variance if variance else float("inf"),
        cosine=float(torch.nn.functional.cosine_similarity(mean, exact, dim=0)),
        single=float(torch.nn.functional.cosine_similarity(samples, exact[None], dim=1).mean()),
    )

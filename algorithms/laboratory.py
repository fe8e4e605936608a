"""The gradient laboratory: bias, variance, signal and direction of an estimator, against the exact gradient.

Members share their weights and differ in their samples, so a thousand replicates are one rollout and one backward pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from algorithms.collector import Actor
from algorithms.exact import ExactReturn
from algorithms.learner import Learner
from algorithms.normaliser import Identity
from algorithms.setting import Episodes, Training
from algorithms.training import Members, build_policy
from algorithms.types import Variant
from envs.api import Task
from envs.streams import Purpose, Role, generator, stream

AT_ONCE = 1_000  # replicates in one population, which bounds memory
STILL = 1e-9  # a coordinate whose deviation is below this carries no information on bias


@dataclass(frozen=True)
class Quality:
    """What R replicates g_1..g_R of an estimate say about it, with g* = grad J.

    bias      |mean g - g*|                      noise     what an unbiased estimator's bias would be: sqrt(variance / R)
    max_z     largest |z| of a coordinate        scale     <mean g, g*> / |g*|^2: 1 where unbiased, (G-1)/G for a group mean
    variance  trace of the covariance of one g   snr       |g*|^2 / variance
    cosine    of mean g to g*                    single    mean cosine of one g to g* (0 where g is 0)
    """

    replicates: int
    bias: float
    noise: float
    max_z: float
    scale: float
    variance: float
    snr: float
    cosine: float
    single: float


def replicates(
    task: Task, variant: Variant, training: Training, actor: Tensor, count: int, first_seed: int = 0, warm: int = 5
) -> Tensor:
    """`count` independent estimates of grad J at one policy [count, D], D the actor's parameters (float64).

    actor  its parameters [D]; a critic is the first member's as initialised, the same for all
    warm   rollouts that a baseline with a memory sees before the one that is measured
    """
    if not isinstance(training.collection, Episodes):
        raise ValueError(
            f"the laboratory measures whole episodes: training.collection must be Episodes, not {training.collection}"
        )
    seeds = range(first_seed, first_seed + count)
    parts = [
        _population(task, variant, training, actor, tuple(seeds[i : i + AT_ONCE]), warm)
        for i in range(0, count, AT_ONCE)
    ]
    return torch.cat(parts)


def _population(
    task: Task, variant: Variant, training: Training, actor: Tensor, seeds: tuple[int, ...], warm: int
) -> Tensor:
    assert isinstance(training.collection, Episodes)
    members = Members(seeds, (1.0,) * len(seeds), Purpose.TEST)
    policy = build_policy(task, variant, training, members)
    with torch.no_grad():
        policy.flat.values[:] = policy.flat.values[:1].clone()
        policy.flat.values[:, : len(actor)] = actor.to(policy.flat.values)
    learner = Learner(policy, variant.estimator, variant.schedule, training, torch.ones(len(seeds)), task.spec.horizon)
    rollouts = 1 + (warm if learner.baseline else 0)
    env = task.factory.make(
        [stream(s, Role.ENVIRONMENT, 0, purpose=Purpose.TEST) for s in seeds],
        training.collection.envs,
        training.collection.group,
    )
    acting = [generator(s, Role.ACTION, 0, purpose=Purpose.TEST) for s in seeds]
    collector, everyone = Actor(env, policy, Identity(), acting), np.ones(len(seeds), np.bool_)
    for _ in range(rollouts):
        tape = collector.play(everyone)
        rollout = collector.rollout(tape, training.discount, 1.0, training.collection.group, task.beta)
        gradient = learner.gradient(rollout)
    env.close()
    return gradient[:, : len(actor)].double()


def exact_gradient(task: Task, variant: Variant, training: Training, actor: Tensor) -> Tensor:
    """grad J at the same policy [D], by enumeration (float64). ValueError where the task cannot be listed."""
    policy = build_policy(task, variant, training, Members((0,), (1.0,)))
    with torch.no_grad():
        policy.flat.values[:, : len(actor)] = actor.to(policy.flat.values)
    return ExactReturn(task).gradient(policy)[0, : len(actor)].double()


def quality(samples: Tensor, truth: Tensor) -> Quality:
    """What the replicates [R, D] say, against the exact gradient [D]."""
    count, mean = len(samples), samples.mean(0)
    variances = samples.var(0)
    variance, signal = float(variances.sum()), float(truth @ truth)
    off = mean - truth
    errors = (variances / count).sqrt()
    moving = errors > STILL
    z = (off / errors)[moving].abs()
    return Quality(
        replicates=count,
        bias=float(off.norm()),
        noise=(variance / count) ** 0.5,
        max_z=float(z.max()) if len(z) else 0.0,
        scale=float(mean @ truth) / signal if signal else float("nan"),
        variance=variance,
        snr=signal / variance if variance else float("inf"),
        cosine=float(torch.nn.functional.cosine_similarity(mean, truth, dim=0)),
        single=float(torch.nn.functional.cosine_similarity(samples, truth[None], dim=1).mean()),
    )

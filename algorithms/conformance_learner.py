"""The conformance kit for learners: what a step on a rollout must satisfy, whatever the estimator.

    for finding in conformance_learner.examine(MyLearner, VARIANTS["gae"]):
        print(finding)

`make` is a class or function with the arguments of algorithms.learner.Learner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from algorithms.collection import Collector
from algorithms.conformance import Finding
from algorithms.learner import Learner
from algorithms.normaliser import Identity
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.gru import GRU
from algorithms.setting import Episodes, Training
from algorithms.training import Members, build_policy
from algorithms.types import Rollout, Schedule, Variant
from envs.api import Task
from envs.streams import Purpose, Role, generator, stream
from envs.text.lock import Lock
from envs.transcript import text_task

Make = Callable[..., Learner]
TASK = text_task("lock", Lock(length=2, vocabulary=4, locks=2))
SEEDS = (3, 5, 8)
# the bound on the gradient's norm is small, so that whose norm is taken shows
TRAINING = Training(network=GRU(4), collection=Episodes(16, 4), max_grad_norm=0.01, learning_rate=1e-2)
CLOSE = 1e-6


def examine(make: Make, variant: Variant) -> list[Finding]:
    """Every rule, in order."""
    rollout = _rollout(variant, SEEDS)
    together = _learned(make, variant, SEEDS, rollout)
    alone = torch.cat(
        [_learned(make, variant, (seed,), _member(rollout, p)).policy.flat.values for p, seed in enumerate(SEEDS)]
    )
    louder = replace(rollout, reward=rollout.reward * torch.tensor([1.0, 50.0, 1.0])[:, None])
    poked = _learned(make, variant, SEEDS, louder).policy.flat.values
    others = (poked - together.policy.flat.values)[[0, 2]]
    findings = [
        _close("a member's step is the one it takes alone", together.policy.flat.values - alone),
        Finding("no member hears another", bool((others == 0).all()), f"largest difference {others.abs().max():.2g}"),
        _memory(make, variant, rollout),
    ]
    if variant.promises.separable and not (variant.estimator.scale and variant.estimator.scale.each_minibatch):
        findings.append(_minibatches(make, variant, rollout))
    return findings


def _close(name: str, off: Tensor) -> Finding:
    worst = float(off.abs().max())
    return Finding(name, worst < CLOSE, f"largest difference {worst:.2g}")


def _policy(variant: Variant, seeds: tuple[int, ...]) -> ActorCritic:
    """Policies some way from uniform, each its own."""
    policy = build_policy(TASK, variant, TRAINING, Members(seeds, (1.0,) * len(seeds), Purpose.TEST))
    with torch.no_grad():
        for row, seed in zip(policy.flat.values, seeds, strict=True):
            row += 0.5 * torch.randn(len(row), generator=torch.Generator().manual_seed(seed))
    return policy


def _rollout(variant: Variant, seeds: tuple[int, ...]) -> Rollout:
    collector = Collector(
        TASK,
        _policy(variant, seeds),
        variant.estimator,
        TRAINING,
        Identity(),
        [stream(s, Role.ENVIRONMENT, 0, purpose=Purpose.TEST) for s in seeds],
        [generator(s, Role.ACTION, 0, purpose=Purpose.TEST) for s in seeds],
    )
    made, _ = collector.collect(np.ones(len(seeds), np.bool_))
    collector.close()
    return made


def _member(rollout: Rollout, p: int) -> Rollout:
    return replace(rollout, **{k: v[:, p : p + 1] for k, v in rollout.tensors().items()})  # type: ignore[arg-type]


def _learner(make: Make, variant: Variant, seeds: tuple[int, ...], task: Task = TASK) -> Learner:
    policy = _policy(variant, seeds)
    rates = torch.full((len(seeds),), TRAINING.learning_rate)
    return make(policy, variant.estimator, variant.schedule, TRAINING, rates, task, variant.update)


def _learned(make: Make, variant: Variant, seeds: tuple[int, ...], rollout: Rollout) -> Learner:
    learner = _learner(make, variant, seeds)
    learner.learn(rollout, [generator(s, Role.MINIBATCH, 0, purpose=Purpose.TEST) for s in seeds])
    return learner


def _memory(make: Make, variant: Variant, rollout: Rollout) -> Finding:
    """What a baseline remembers after a rollout does not depend on how many passes were made over it."""
    kept = []
    for epochs in (1, 3):
        passes = replace(variant, schedule=replace(variant.schedule, epochs=epochs))
        kept.append(_learned(make, passes, SEEDS, rollout).baseline)
    off = [(kept[0][name] - kept[1][name]).abs().max() for name in kept[0]]
    return _close("a baseline's memory moves once a rollout", torch.stack(off) if off else torch.zeros(1))


def _minibatches(make: Make, variant: Variant, rollout: Rollout) -> Finding:
    """The mean of the gradients of a rollout's minibatches, taken at one point, is the whole rollout's; the critic's too."""
    captured: list[Tensor] = []
    found = []
    for parts in (1, 4):
        cut = replace(variant, schedule=Schedule(minibatches=parts))
        learner = _learner(make, cut, SEEDS)
        captured.clear()
        learner.apply = lambda at=learner: captured.append(at.policy.flat.gradient.clone())  # type: ignore[method-assign, misc]
        learner.natural = None
        learner.learn(rollout, [generator(s, Role.MINIBATCH, 0, purpose=Purpose.TEST) for s in SEEDS])
        found.append(torch.stack(captured).mean(0))
    return _close("the gradients of minibatches add up", found[0] - found[1])

"""The conformance kit for learners: rules for a step on a rollout that hold for every estimator.

    for finding in conformance_learner.examine(MyLearner, VARIANTS["gae"]):
        print(finding)

`make` is a class or function with the arguments of algorithms.training.learner.Learner. All computations use float64,
where the same sum in another order differs by 1e-16. In float32 an optimiser that divides by the size of a gradient
turns such differences into 1e-6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from algorithms.composition import FirstOrder, Schedule
from algorithms.conformance.coefficients import expected_gradient
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import WINDOW, corrupted, windows, with_tensors
from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.mlp import MLP
from algorithms.training.build import build_policy, minibatch_generators
from algorithms.training.collector import Collector
from algorithms.training.learner import Learner
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Members
from algorithms.training_config import Episodes, TrainingConfig
from algorithms.variant import Variant
from envs.api import Discrete, Features, Spec, Task, Transcript, VecEnv
from envs.seeding import Purpose
from envs.text.lock import Lock
from envs.text_env import text_task

Make = Callable[..., Learner]
TASK = text_task("lock", Lock(length=2, vocabulary=4, locks=2))
SEEDS = (3, 5, 8)
# the bound on the gradient's norm is small, to reveal whether each member's norm is taken separately
TRAINING = TrainingConfig(network=GRU(4), collection=Episodes(16, 4), max_grad_norm=0.01, learning_rate=1e-2)
CLOSE = 1e-10  # in float64; the conjugate gradients of a natural step enlarge rounding
ALPHA, BETA = 0.125, 0.25  # of the entropy bonus and of the KL; exact in float32, in which the learner keeps alpha
PASSES = 2  # over a rollout: two reveal the same errors as more


@dataclass(frozen=True)
class _Vectors:
    """The spec of the synthetic windows. No environment is made."""

    spec: ClassVar[Spec] = Spec(Features(2), Discrete(2), WINDOW)

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> VecEnv:
        raise NotImplementedError


WINDOWS = Task("windows", _Vectors(), 0.0, 1.0, 1.0, "synthetic", "")


class RecordingOptimiser:
    """An optimiser that records the gradients and changes no parameters."""

    shared_state: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.gradients: list[Tensor] = []

    def initial(self, values: Tensor) -> dict[str, Tensor]:
        return {}

    def step(self, values: Tensor, gradient: Tensor, rate: Tensor, state: dict[str, Tensor]) -> None:
        self.gradients.append(gradient.clone())


def examine(make: Make, variant: Variant) -> list[Finding]:
    """The findings of all rules, in order."""
    schedule = variant.schedule
    variant = replace(variant, schedule=replace(schedule, epochs=min(schedule.epochs, PASSES)))
    rollout = _rollout(variant, SEEDS)
    together = _trained_learner(make, variant, SEEDS, rollout).policy.flat.values
    alone = [_trained_learner(make, variant, (seed,), _member(rollout, p)) for p, seed in enumerate(SEEDS)]
    louder = replace(rollout, reward=rollout.reward * torch.tensor([1.0, 50.0, 1.0])[:, None])
    others = (_trained_learner(make, variant, SEEDS, louder).policy.flat.values - together)[[0, 2]]
    altered = _trained_learner(make, variant, SEEDS, _corrupted(rollout, TASK)).policy.flat.values
    findings = [
        _close(
            "a member's step is the one it takes alone", together - torch.cat([a.policy.flat.values for a in alone])
        ),
        Finding("no member hears another", bool((others == 0).all()), f"largest difference {others.abs().max():.2g}"),
        _close("what stands in rows that are not valid leaves the step as it was", altered - together),
        _memory(make, variant, rollout),
        _gradient(make, variant, rollout),
    ]
    if variant.estimator.credit.bootstraps:
        findings.append(_window(make, variant))
    if variant.promises.separable and not (variant.estimator.scale and variant.estimator.scale.each_minibatch):
        findings.append(_minibatches(make, variant, rollout))
    return findings


def _close(rule: str, off: Tensor) -> Finding:
    return close_to_zero(rule, off, CLOSE)


def _members(seeds: tuple[int, ...]) -> Members:
    return Members(seeds, (1.0,) * len(seeds), Purpose.TEST)


def _policy(variant: Variant, seeds: tuple[int, ...], task: Task = TASK) -> ActorCritic:
    """Policies that are not uniform and differ from member to member."""
    training = TRAINING if task is TASK else replace(TRAINING, network=MLP((4,)))
    policy = build_policy(task, variant, training, _members(seeds))
    with torch.no_grad():
        for row, seed in zip(policy.flat.values, seeds, strict=True):
            row += 0.5 * torch.randn(len(row), generator=torch.Generator().manual_seed(seed))
    return policy


def _rollout(variant: Variant, seeds: tuple[int, ...]) -> Rollout:
    members = _members(seeds)
    collector = Collector(TASK, _policy(variant, seeds), variant.estimator, TRAINING, Identity(), members, (0,))
    made, _ = collector.collect(np.ones(len(seeds), np.bool_))
    collector.close()
    return with_tensors(made, {k: v.double() for k, v in made.tensors().items() if v.is_floating_point()})


def _corrupted(rollout: Rollout, task: Task) -> Rollout:
    """The rollout with other actions, rewards and so on in invalid rows, and with other tokens that only those read."""
    names = {"reward", "logp", "discount", "continues", "score_norm_sq", "reference"} & rollout.tensors().keys()
    made = corrupted(rollout, *names)
    assert isinstance(task.spec.action, Discrete)
    other = (rollout.action + 1) % task.spec.action.n
    made = replace(made, action=torch.where(rollout.valid > 0, rollout.action, other))
    observation = task.spec.observation
    if not isinstance(observation, Transcript):
        return made  # such a row observes the state at which an episode was truncated, and its value counts
    obs, at = rollout.obs.clone(), observation.action_position
    for t in range(1, len(rollout.valid) + 1):  # tokens after an action are read only by a next action
        new = slice(at[t - 1] + 1, at[t] + 1)
        obs[new] = torch.where(rollout.valid[t - 1] > 0, obs[new], (obs[new] + 1) % observation.vocabulary)
    return replace(made, obs=obs)


def _member(rollout: Rollout, p: int) -> Rollout:
    return with_tensors(rollout, {k: v[:, p : p + 1] for k, v in rollout.tensors().items()})


def _learner(
    make: Make, variant: Variant, seeds: tuple[int, ...], task: Task = TASK, training: TrainingConfig = TRAINING
) -> Learner:
    policy = _policy(variant, seeds, task).double()
    rates = torch.full((len(seeds),), TRAINING.learning_rate)
    return make(policy, variant.estimator, variant.schedule, training, rates, task, variant.update)


def _trained_learner(
    make: Make, variant: Variant, seeds: tuple[int, ...], rollout: Rollout, task: Task = TASK
) -> Learner:
    learner = _learner(make, variant, seeds, task)
    learner.learn(rollout, minibatch_generators(_members(seeds), (0,)))
    return learner


def _gradient(make: Make, variant: Variant, rollout: Rollout) -> Finding:
    """Off policy, with an entropy bonus and a KL, the first gradient is the sum of those of the estimator's parts."""
    rng = np.random.default_rng(9)
    away, reference = (torch.from_numpy(rng.uniform(-0.5, 0.5, tuple(rollout.logp.shape))) for _ in range(2))
    rollout = replace(rollout, logp=rollout.logp + away, reference=rollout.logp + reference)
    estimator = replace(variant.estimator, entropy=Constant(ALPHA), kl=replace(variant.estimator.kl, beta=BETA))
    # a natural gradient starts from the plain one, and minibatches are scaled in the step and not in the gradient
    rich = replace(variant, estimator=estimator, schedule=Schedule())
    learner = _learner(make, rich, SEEDS)
    made = learner.gradient(rollout)
    second = _learner(make, rich, SEEDS)
    alpha = torch.full((len(SEEDS),), ALPHA, dtype=torch.float64)
    expected = expected_gradient(
        second.policy,
        estimator,
        rollout,
        second.baseline,
        alpha,
        BETA * float(TRAINING.reward_scale),
        TRAINING.value_coefficient,
    )
    rule = "the gradient is that of surrogate, entropy, KL and critic"
    return close_to_zero(rule, made - expected, CLOSE * 100, "sum c grad log pi + alpha grad H - beta grad KL")


def _window(make: Make, variant: Variant) -> Finding:
    """The rule on invalid rows again, for auto-resetting environments with two episodes in a column."""
    rollout, _ = windows(len(SEEDS), 16)
    steps = [
        _trained_learner(make, variant, SEEDS, r, WINDOWS).policy.flat.values
        for r in (rollout, _corrupted(rollout, WINDOWS))
    ]
    return _close("the row that delivers a reset is not learned from", steps[0] - steps[1])


def _memory(make: Make, variant: Variant, rollout: Rollout) -> Finding:
    """A baseline's state after a rollout does not depend on the number of passes over it."""
    kept = []
    for epochs in (1, 3):
        passes = replace(variant, schedule=replace(variant.schedule, epochs=epochs, gradient="newest"))
        kept.append(_trained_learner(make, passes, SEEDS, rollout).baseline)
    off = [(kept[0][name] - kept[1][name]).abs().max() for name in kept[0]]
    return _close("a baseline's memory moves once a rollout", torch.stack(off) if off else torch.zeros(1))


def _minibatches(make: Make, variant: Variant, rollout: Rollout) -> Finding:
    """At one point, the mean gradient of a rollout's minibatches is that of the whole rollout, for the critic too."""
    found = []
    for parts in (1, 4):
        cut = replace(variant, schedule=Schedule(minibatches=parts), update=FirstOrder())
        recorder = RecordingOptimiser()
        training = replace(TRAINING, optimiser=recorder, max_grad_norm=float("inf"))
        learner = _learner(make, cut, SEEDS, training=training)
        learner.learn(rollout, minibatch_generators(_members(SEEDS), (0,)))
        found.append(torch.stack(recorder.gradients).mean(0))
    return _close("the gradients of minibatches add up", found[0] - found[1])

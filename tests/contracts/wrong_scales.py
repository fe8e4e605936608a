"""Wrong scales, KL terms and entropy bonuses, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms.estimators.advantage_scale import BestOfGroup, Deviation
from algorithms.estimators.baseline import Zero
from algorithms.estimators.entropy_bonus import Annealed, Constant, Target
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.scales.reward_parts import StandardisedParts
from algorithms.variant import Promises
from tests.contracts.custom_parts import FREE, GAE, GO, GRPO, NONE, ONE, RLOO, CustomScale, State, estimator_of, grouped


@dataclass(frozen=True)
class CustomKL(KL):
    """Any function of x for what is declared."""

    of: Callable[[Tensor], Tensor] = lambda x: x

    def _kind(self, x: Tensor) -> Tensor:
        return self.of(x)


@dataclass(frozen=True)
class PaidKL(KL):
    """beta of the wrong sign."""

    def coefficient(self, task_beta: float) -> float:
        return -super().coefficient(task_beta)


KLS: dict[str, KL] = {
    "k1 negated": CustomKL("k1", "reward", of=lambda x: -x),
    "k1 negated in the loss": CustomKL("k1", "loss", of=lambda x: -x),
    "k3 negated": CustomKL("k3", "loss", of=lambda x: -((-x).exp() - 1 + x)),
    "k3 of the ratio upside down": CustomKL("k3", "loss", of=lambda x: x.exp() - 1 - x),
    "k3 for k1": CustomKL("k1", "reward", of=lambda x: (-x).exp() - 1 + x),
    "k1 for k3": CustomKL("k3", "loss", of=lambda x: x),
    "k2 without its half": CustomKL("k2", "loss", of=lambda x: x * x),
    "k2 for k3": CustomKL("k3", "loss", of=lambda x: 0.5 * x * x),
    "k1 absolute": CustomKL("k1", "reward", of=lambda x: x.abs()),
    "k3 detached": CustomKL("k3", "loss", of=lambda x: ((-x).exp() - 1).detach() + x),
    "beta negated": PaidKL("k1", "reward"),
    "times 1.02": CustomKL("k1", "reward", of=lambda x: 1.02 * x),
}


@dataclass(frozen=True)
class PaidEntropy(Constant):
    """alpha of the wrong sign."""

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return -super().__call__(progress, state)


@dataclass(frozen=True)
class Rising(Annealed):
    """Runs from its end to its start."""

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return super().__call__(1 - progress, state)


@dataclass(frozen=True)
class AwayFromTarget(Target):
    """alpha falls where entropy is too low."""

    def update(self, fraction: Tensor, state: State) -> State:
        return super().update(2 * self.fraction - fraction, state)


@dataclass(frozen=True)
class TargetOfAll(Target):
    """One alpha for the population."""

    def update(self, fraction: Tensor, state: State) -> State:
        after = super().update(fraction, state)["alpha"]
        return {"alpha": after + 0.1 * (after.mean() - after)}


ENTROPIES: dict[str, Any] = {
    "wrong sign": PaidEntropy(0.01),
    "annealed the wrong way": Rising(),
    "away from its target": AwayFromTarget(),
    "target of all members": TargetOfAll(),
}


DEVIATION = Deviation("group")


@dataclass(frozen=True)
class SumFirst(Deviation):
    """Says that it reads the parts of a reward, and divides their sum by its deviation."""

    reads_parts: ClassVar[bool] = True


class Unweighted(StandardisedParts):
    """Forgets the weights of the parts."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        if rollout.part_weights is not None:
            rollout = replace(rollout, part_weights=torch.ones_like(rollout.part_weights))
        return super().__call__(advantage, q, rollout)


class PartsOverBatch(StandardisedParts):
    """Standardises each part over the batch, so that all answers to an easy prompt look good."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        return super().__call__(advantage, q, replace(rollout, group=rollout.valid.shape[2]))


def per_group(x: Tensor, q: Tensor, r: Rollout, shift: int) -> Tensor:
    """Divided by the deviation of another group."""
    made = grouped(q[:1], r).std(-1, keepdim=True, unbiased=False).roll(shift, 2)
    return (grouped(x, r) / made).reshape(x.shape)


def row_numbers(first: int, a: Tensor) -> Tensor:
    """first, first + 1, ... [T, 1, 1]."""
    return torch.arange(first, first + len(a), dtype=a.dtype)[:, None, None]


SCALES: dict[str, tuple[Estimator, Any, Promises]] = {
    "negated": (GRPO, CustomScale(lambda a, q, r: -DEVIATION(a, q, r)), FREE),
    "absolute": (GRPO, CustomScale(lambda a, q, r: DEVIATION(a, q, r).abs()), FREE),
    "squared": (GRPO, CustomScale(lambda a, q, r: DEVIATION(a, q, r) * DEVIATION(a, q, r).abs()), FREE),
    "positive only": (GRPO, CustomScale(lambda a, q, r: DEVIATION(a, q, r).clamp(min=0)), FREE),
    "times 1.02": (GRPO, CustomScale(lambda a, q, r: 1.02 * DEVIATION(a, q, r)), FREE),
    "times 0.98": (RLOO, CustomScale(lambda a, q, r: 0.98 * a), NONE),
    "times 1.02, unbiased promised": (RLOO, CustomScale(lambda a, q, r: 1.02 * a), ONE),
    "times 1.02 of a critic": (GAE, CustomScale(lambda a, q, r: 1.02 * a), NONE),
    "deviation of the next group": (GRPO, CustomScale(lambda a, q, r: per_group(a, q, r, 1)), FREE),
    "deviation of all members": (GRPO, CustomScale(lambda a, q, r: a / q[0].std()), FREE),
    "mean of the next group": (
        replace(GRPO, baseline=Zero()),
        CustomScale(
            lambda a, q, r: DEVIATION(
                a - grouped(q, r).mean(-1, True).roll(1, 2).expand_as(grouped(q, r)).reshape(q.shape), q, r
            )
        ),
        FREE,
    ),
    "mean of the other groups": (
        replace(GRPO, baseline=Zero()),
        CustomScale(
            lambda a, q, r: DEVIATION(
                a
                - ((q[:1].sum(2, True)[..., None] - grouped(q, r).sum(-1, True)) / (q.shape[2] - r.group))
                .expand_as(grouped(q, r))
                .reshape(q.shape),
                q,
                r,
            )
        ),
        FREE,
    ),
    "whitened with padding": (GAE, CustomScale(lambda a, q, r: a / a.std((0, 2), keepdim=True)), FREE),
    "whitened with the mean of padding": (
        GAE,
        CustomScale(
            lambda a, q, r: (
                (a - a.mean((0, 2), True)) / Deviation("batch", "advantages")(a, q, r).std((0, 2), keepdim=True)
            )
        ),
        FREE,
    ),
    "best of the group times 1.02": (
        estimator_of("raft"),
        CustomScale(lambda a, q, r: 1.02 * BestOfGroup()(a, q, r)),
        FREE,
    ),
    "long episodes dropped": (RLOO, CustomScale(lambda a, q, r: a * (r.valid.sum(0) < 5)), NONE),
    "times the row's number": (GO, CustomScale(lambda a, q, r: a * row_numbers(1, a)), NONE),
    "discounted twice": (GO, CustomScale(lambda a, q, r: a * 0.81 ** row_numbers(0, a)), NONE),
    "the first row counts twice": (GAE, CustomScale(lambda a, q, r: torch.cat([2 * a[:1], a[1:]])), NONE),
    "parts added first": (GRPO, SumFirst("group"), FREE),
    "parts without weights": (GRPO, Unweighted(), FREE),
    "parts over the batch": (GRPO, PartsOverBatch(), FREE),
    "over the length": (RLOO, CustomScale(lambda a, q, r: a / r.valid.sum(0).clamp(min=1)), NONE),
}

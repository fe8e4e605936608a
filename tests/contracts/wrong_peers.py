"""Faults of other libraries and near misses of new estimators, by name: (estimator, changed parts, promises).

Each has its right neighbour in `right_neighbours`, which the kit accepts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.estimators.baseline import GroupMean, Zero
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import Ratio
from algorithms.estimators.surrogates.masks import BinaryKL, Masked, ProbabilityGap, SecondMoment
from algorithms.estimators.surrogates.penalties import AdaptiveKL
from algorithms.estimators.surrogates.soft_weights import GammaKernel, SoftGate, Tapered
from algorithms.variant import Promises
from tests.contracts.custom_parts import FREE, GRPO, NONE, PPO, RLOO, CustomScale, grouped


def by_group(a: Tensor, r: Rollout, factor: Tensor) -> Tensor:
    """a times a factor of each group [1, P, N/G, 1]."""
    return (grouped(a, r) * factor).reshape(a.shape)


def under_the_root(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """A / sqrt(var + 1e-6): groups that differ by little are not standardised (verl #6348, its vectorised GRPO)."""
    return by_group(a, r, 1 / (grouped(q[:1], r).var(-1, keepdim=True) + 1e-6).sqrt())


def of_the_others(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """A over the deviation of the others, from a mean of squares minus a squared mean (NeMo RL #4158)."""
    x, rest = grouped(q[:1], r), r.group - 1
    mean = (x.sum(-1, keepdim=True) - x) / rest
    square = ((x * x).sum(-1, keepdim=True) - x * x) / rest
    deviation = ((square - mean * mean).clamp(min=0) * rest / (rest - 1)).sqrt()
    made = torch.where(deviation > 0, grouped(a, r) / (deviation + 1e-6), grouped(a, r))
    return made.reshape(a.shape)


def over_the_signed_mean(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """A / (mean R + 1e-6) as SkyRL's MaxRL: where all returns are negative every step is reversed."""
    return by_group(a, r, 1 / (grouped(q[:1], r).mean(-1, keepdim=True) + 1e-6))


def best_with_itself(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """Pass@2 that pays a failure by all n answers, itself included, and not by the n - 1 others."""
    size, right = r.group, grouped(q[:1], r) > 0
    if size < 2:
        raise ValueError("the best of 2 needs groups of at least 2 episodes")
    failures = (~right).sum(-1, keepdim=True)
    all_wrong = torch.tensor([comb(n, 1) / comb(size, 1) for n in range(size + 1)], dtype=q.dtype)
    paid = torch.where(right, 2.0, 2 * (1 - all_wrong[failures])).to(q.dtype)
    return paid.reshape(1, *q.shape[1:]).expand_as(a)


@dataclass(frozen=True)
class PassAtTwo(CustomScale):
    """A transform of returns that says its k."""

    k: ClassVar[int] = 2


@dataclass(frozen=True)
class WithoutItsConstant(GammaKernel):
    """w^k e^(-lam w), without e^lam: the weight on policy is not 1."""

    def weight(self, log_ratio: Tensor, advantage: Tensor) -> Tensor:
        return super().weight(log_ratio, advantage) / self.lam_positive


@dataclass(frozen=True)
class OfTheTokens(GammaKernel):
    """The kernel of each token's ratio, where it declares that of the text."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return self.weight(logp.detach() - behaviour_logp, advantage) * advantage * logp


@dataclass(frozen=True)
class WeightAttached(Tapered):
    """The truncated ratio is differentiated too (as verl's weights were before its #4105)."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        x = ((logp - behaviour_logp) * valid).sum(0, keepdim=True)
        return self.weight(x.expand_as(advantage), advantage) * advantage * logp


@dataclass(frozen=True)
class HalfTemperature(SoftGate):
    """4 / tau left out: with a temperature of 1.05 the slope on policy is 1.05 / 4."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return super().__call__(logp, behaviour_logp, advantage, valid) / 4


@dataclass(frozen=True)
class AgainstTheAdvantage(ProbabilityGap):
    """Drops the steps that come back, and keeps those that go on."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return super().__call__(logp, behaviour_logp, -advantage, valid)


@dataclass(frozen=True)
class BlindKL(BinaryKL):
    """Declared as directed, and sign-blind."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        up = super().__call__(logp, behaviour_logp, torch.ones_like(advantage), valid)
        return up * super().__call__(logp, behaviour_logp, -torch.ones_like(advantage), valid)


@dataclass(frozen=True)
class MomentOfAll(SecondMoment):
    """One mean for the whole population."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        square = (logp - behaviour_logp).square() * valid
        near = (square.sum() / valid.sum() <= 0.04).to(logp)
        return torch.maximum(near.expand_as(logp), (square < 0.01).to(logp))


@dataclass(frozen=True)
class Softened(ProbabilityGap):
    """Rows beyond the region keep a tenth of their gradient."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return super().__call__(logp, behaviour_logp, advantage, valid).clamp(min=0.1)


@dataclass(frozen=True)
class Renormalised(Masked):
    """What is dropped is made up for by what is kept."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        keep = self.mask(logp.detach(), behaviour_logp, advantage, valid)
        return (
            super().__call__(logp, behaviour_logp, advantage, valid) * valid.sum() / (keep * valid).sum().clamp(min=1)
        )


@dataclass(frozen=True)
class PaidForMoving(AdaptiveKL):
    """The penalty has the wrong sign."""

    def penalty(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return -super().penalty(logp, behaviour_logp, advantage, valid)


@dataclass(frozen=True)
class FirstOrderKL(AdaptiveKL):
    """log mu / pi as the penalty: negative half the time, and with a gradient on policy."""

    def penalty(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return self.beta * (behaviour_logp - logp)


ONE_PROMPT: dict[str, Any] = {"baseline": GroupMean()}
RATIO = Ratio()
PEERS: dict[str, tuple[Estimator, dict[str, Any], Promises]] = {
    "an epsilon under the root": (GRPO, {"scale": CustomScale(under_the_root)}, FREE),
    "rounding of the others' deviation": (RLOO, {"scale": CustomScale(of_the_others)}, FREE),
    "MaxRL over a signed mean": (RLOO, {**ONE_PROMPT, "scale": CustomScale(over_the_signed_mean)}, FREE),
    "MaxRL without its baseline": (
        VARIANTS["maxrl"].estimator,
        {"baseline": Zero()},
        VARIANTS["maxrl"].promises,
    ),
    "pass@k with itself": (
        replace(RLOO, baseline=Zero()),
        {"scale": PassAtTwo(best_with_itself)},
        Promises(factor="best_of_k", homogeneous=False),
    ),
    "gamma kernel without its constant": (GRPO, {"surrogate": WithoutItsConstant()}, FREE),
    "gamma kernel of tokens": (GRPO, {"surrogate": OfTheTokens()}, FREE),
    "weight attached to the gradient": (GRPO, {"surrogate": WeightAttached()}, FREE),
    "soft gate a quarter as steep": (GRPO, {"surrogate": HalfTemperature()}, FREE),
    "mask against the advantage": (GRPO, {"surrogate": Masked(RATIO, AgainstTheAdvantage(0.2))}, FREE),
    "mask that is blind and says it is directed": (GRPO, {"surrogate": Masked(RATIO, BlindKL(0.05))}, FREE),
    "mask of all members": (GRPO, {"surrogate": Masked(RATIO, MomentOfAll(0.04))}, Promises(separable=False)),
    "mask that only softens": (GRPO, {"surrogate": Masked(RATIO, Softened(0.2))}, FREE),
    "mask that renormalises": (GRPO, {"surrogate": Renormalised(RATIO, ProbabilityGap(0.2))}, FREE),
    "penalty paid out": (PPO, {"surrogate": PaidForMoving()}, NONE),
    "penalty of the first order": (PPO, {"surrogate": FirstOrderKL()}, NONE),
}

"""Right estimators next to the faults of `wrong_peers`, by name: (estimator, promises). The kit accepts them all."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import torch
from torch import Tensor

from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import GroupMean, Zero
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import ClippedRatio, Ratio
from algorithms.estimators.surrogates.masks import BinaryKL, Masked, ProbabilityGap, SecondMoment, StaleFailures
from algorithms.estimators.surrogates.penalties import AdaptiveKL, QuadraticPenalty
from algorithms.estimators.surrogates.soft_weights import GammaKernel, SoftGate, Tapered
from algorithms.variant import Promises
from tests.contracts.custom_parts import FREE, GRPO, NONE, PPO, RLOO, CustomScale, grouped
from tests.contracts.wrong_peers import PassAtTwo, by_group


def on_the_deviation(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """A / (std + 1e-9), the epsilon outside the root."""
    return by_group(a, r, 1 / (grouped(q[:1], r).std(-1, keepdim=True) + 1e-9))


def over_the_mean(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """A / |mean R|, 0 where the mean is 0."""
    if r.group < 2:
        raise ValueError("a group of 1 leaves nothing to compare")
    size = grouped(q[:1], r).mean(-1, keepdim=True).abs()
    return by_group(a, r, torch.where(size > 0, 1 / size.clamp(min=1e-30), 0.0))


def best_of_two(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """Pass@2 as published: k where right, else k rho(n - 1, c, k - 1), for rewards of 0 or 1."""
    size, right = r.group, grouped(q[:1], r) > 0
    if size < 2:
        raise ValueError("the best of 2 needs groups of at least 2 episodes")
    failures = (~right).sum(-1, keepdim=True)
    none = torch.tensor([comb(max(n - 1, 0), 1) / comb(size - 1, 1) for n in range(size + 1)], dtype=q.dtype)
    paid = torch.where(right, 2.0, 2 * (1 - none[failures])).to(q.dtype)
    return paid.reshape(1, *q.shape[1:]).expand_as(a)


NEIGHBOURS: dict[str, tuple[Estimator, Promises]] = {
    "an epsilon on the deviation": (replace(GRPO, scale=CustomScale(on_the_deviation)), FREE),
    "leave-one-out over the group's deviation": (replace(RLOO, scale=Deviation("group")), FREE),
    "over the size of the mean": (
        replace(RLOO, baseline=GroupMean(), scale=CustomScale(over_the_mean)),
        Promises(factor="likelihood", scale_free=True),
    ),
    "pass@2 as published": (
        replace(RLOO, baseline=Zero(), scale=PassAtTwo(best_of_two)),
        Promises(factor="best_of_k", homogeneous=False),
    ),
    "gamma kernel": (replace(GRPO, surrogate=GammaKernel(1.0, 1.0, 2.0, 2.0)), FREE),
    "gamma kernel, other numbers": (replace(GRPO, surrogate=GammaKernel(0.5, 4.0, 4.0, 0.5)), FREE),
    "steep soft gate": (replace(GRPO, surrogate=SoftGate(5.0, 8.0)), FREE),
    "tapered at a higher cap": (replace(GRPO, surrogate=Tapered(3.0)), FREE),
    "mask of probabilities": (replace(GRPO, surrogate=Masked(Ratio(), ProbabilityGap(0.05))), FREE),
    "mask that is blind and says so": (
        replace(GRPO, surrogate=Masked(Ratio(), ProbabilityGap(0.05, directed=False))),
        FREE,
    ),
    "mask of the KL on a clip": (replace(GRPO, surrogate=Masked(ClippedRatio(0.3), BinaryKL(0.01))), FREE),
    "mask of failures": (replace(GRPO, surrogate=Masked(Ratio(), StaleFailures(0.5))), FREE),
    "mask of the moment": (
        replace(GRPO, surrogate=Masked(Ratio(), SecondMoment(0.2))),
        Promises(scale_free=True, separable=False),
    ),
    "penalty of the KL": (replace(PPO, surrogate=AdaptiveKL(7.0)), NONE),
    "quadratic penalty": (replace(PPO, surrogate=QuadraticPenalty(0.05)), NONE),
}

"""Scales that make another function of a prompt's success rate p the objective: log p, pass@k, or another balance of signs.

For rewards of 0 or 1 and one prompt, E[g] = w(p) grad p, and w is the derivative of what is ascended. The closed forms are
in algorithms.conformance.declared.success_rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import torch
from torch import Tensor

from algorithms.estimators.advantage_scale import WholeRollout
from algorithms.estimators.means import mean
from algorithms.estimators.rollout import Rollout
from algorithms.tunable import Choice, Number, Range, as_vector, tunable


def _returns_of_groups(q: Tensor, rollout: Rollout, why: str) -> Tensor:
    """Returns [1, P, N/G, G] of whole episodes; ValueError for groups of one."""
    if rollout.group < 2:
        raise ValueError(f"{why} needs groups of at least 2 episodes; a group of 1 leaves nothing to compare")
    return q[:1].reshape(1, q.shape[1], -1, rollout.group)


@dataclass(frozen=True)
class OverMean(WholeRollout):
    """A <- A / |mean R| of the group, 0 where that mean is 0 (MaxRL; Tajwar et al. 2026, arXiv 2602.02710).

    With the group's mean as baseline E[g] = grad p (1 - (1-p)^(G-1)) / p, for rewards of 0 or 1: the gradient of log p, in
    a series that is cut after G - 1 terms. Rewards that can be negative have no such reading; |.| keeps their order.
    """

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        returns = _returns_of_groups(q, rollout, "division by a group's mean")
        middle = mean(returns, torch.ones_like(returns), -1).abs()  # [1, P, N/G, 1]
        inverse = torch.where(middle > 0, 1 / middle.clamp(min=1e-30), 0.0)
        return advantage * inverse.expand_as(returns).reshape(1, *q.shape[1:]) * rollout.valid


@dataclass(frozen=True)
class BestOfK(WholeRollout):
    """A_i <- G / C(G, k) sum over subsets I of k that hold i of (max_I R - max_{I without i} R): what i adds to them.

    Pass@k policy optimization (Walder and Karkhanis 2025, arXiv 2505.15201, equation 33, the estimator with the baseline of
    k - 1 others). It is unbiased for the gradient of E[max of k returns]; with rewards of 0 or 1 that is pass@k, and
    E[g] = k (1-p)^(k-1) grad p. k = 1 is the return itself. The baseline is part of it: A on entry is not read.
    """

    k: int = tunable(2, Choice((2, 4)))

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k must be at least 1, not {self.k}")

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        returns = _returns_of_groups(q, rollout, "the best of k")
        size = rollout.group
        if self.k > size:
            raise ValueError(f"the best of {self.k} needs groups of at least {self.k} episodes, not {size}")
        if self.k == 1:
            return returns.reshape(1, *q.shape[1:]) * rollout.valid
        ordered, place = returns.sort(-1)
        # i at rank j, and the best of the others at rank m < j: the k - 2 rest lie below m
        rest = [[comb(m, self.k - 2) if m < j else 0 for m in range(size)] for j in range(size)]
        subsets = torch.tensor(rest, dtype=q.dtype, device=q.device) * size / comb(size, self.k)
        gains = ((ordered[..., :, None] - ordered[..., None, :]) * subsets).sum(-1)
        made = torch.zeros_like(returns).scatter(-1, place, gains)
        return made.reshape(1, *q.shape[1:]) * rollout.valid


@dataclass(frozen=True)
class Signed(WholeRollout):
    """A <- `weight` where R > 0, else -1: right answers are reinforced by a fraction of what wrong ones are pushed down.

    W-REINFORCE (Zhu et al. 2025, arXiv 2506.01347, section 3): lambda PSR + NSR with lambda 0.1. On policy
    E[g] = (1 + lambda) grad p. It reads rewards of a verifier, whose failures pay 0 or less.
    """

    weight: Number = tunable(0.1, Range(0.01, 1.0, log=True))

    def __post_init__(self) -> None:
        if not as_vector(self.weight) > 0:
            raise ValueError(f"weight must be positive, not {self.weight}")

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        weight = torch.as_tensor(self.weight, dtype=q.dtype, device=q.device)
        return torch.where(q[:1] > 0, weight, -1.0) * rollout.valid

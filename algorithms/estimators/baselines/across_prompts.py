"""Baselines around the leave-one-out mean of a group: shrunk towards other prompts, or moved off it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from algorithms.estimators.baseline import LeaveOneOut, Stateless
from algorithms.estimators.means import mean, mean_of_others
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.tunable import Number, Range, as_vector, tunable


@dataclass(frozen=True)
class Shrinkage(Stateless):
    """b = (1 - lam) mean of the group's other returns + lam mean of all other groups, each prompt with its own lam.

        lam = v / (v + s),   v = mean of Var(R given x) / (G - 1),   s = max(0, Var(mean R) - mean of Var(R given x) / G)

    v is the variance of a mean of G - 1 returns and s that between prompts, both with ddof 1 and from the other groups
    alone, so b is independent of the episode and E[g] = grad J. Zeng et al. 2025 (arXiv 2511.03710), section 4: a
    James-Stein estimate with leave-one-out. With fewer than two other groups s is unknown, lam is 0 and this is RLOO's.
    """

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        own, _ = LeaveOneOut()(q, rollout, values, state)
        size = rollout.group
        grouped = q.reshape(*q.shape[:2], -1, size)  # [T, P, X, G], X groups
        count = grouped.shape[2]
        if count < 3:
            return own, state
        of_group = mean(grouped, torch.ones_like(grouped), -1)[..., 0]  # [T, P, X]
        within = (grouped - of_group[..., None]).square().sum(-1) / (size - 1)
        one = torch.ones_like(of_group)
        middle, noise = mean_of_others(of_group, one, -1), mean_of_others(within, one, -1)
        spread = (of_group[..., None, :] - middle[..., :, None]).square()  # [T, P, X (left out), X]
        spread = spread * (1 - torch.eye(count, dtype=q.dtype, device=q.device))
        between = (spread.sum(-1) / (count - 2) - noise / size).clamp(min=0)
        own_noise = noise / (size - 1)
        total = own_noise + between
        lam = torch.where(total > 0, own_noise / total.clamp(min=1e-30), 0.0)
        lam, middle = (x.repeat_interleave(size, -1) for x in (lam, middle))
        return own + lam * (middle - own), state


@dataclass(frozen=True)
class LowerMean(Stateless):
    """b = mean of the group's other returns - delta (asymmetric REINFORCE; Arnal et al. 2025, arXiv 2506.20520, section 3).

    On policy a constant changes nothing of E[g], which stays grad J, and adds variance. On stale data b below the mean
    weighs good episodes more than bad ones. delta is in units of the return; the source takes 0.1 of rewards of -1 and 1.
    """

    delta: Number = tunable(0.1, Range(0.01, 0.5, log=True))

    def __post_init__(self) -> None:
        if not as_vector(self.delta) >= 0:
            raise ValueError(f"delta must be at least 0, not {self.delta}")

    @property
    def offset(self) -> Number:
        """By how much b lies off the mean."""
        return -self.delta

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        own, _ = LeaveOneOut()(q, rollout, values, state)
        return own - self.delta, state

"""Surrogates: the objective of one action whose gradient, summed, is the policy gradient."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Score:
    """L = A log pi(a|s): its gradient is the score times the advantage."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor) -> Tensor:
        return advantage * logp


@dataclass(frozen=True)
class ClippedRatio:
    """L = min(rho A, clip(rho, 1 - eps, 1 + eps) A), rho = pi/mu (Schulman et al. 2017, eq. 7)."""

    clip: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.clip < 1:
            raise ValueError(f"clip must lie in (0, 1), not {self.clip}")

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor) -> Tensor:
        ratio = (logp - behaviour_logp).exp()
        clipped = ratio.clamp(1 - self.clip, 1 + self.clip)
        return torch.minimum(ratio * advantage, clipped * advantage)

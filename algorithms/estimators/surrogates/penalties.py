"""Surrogates that pay for moving away from mu instead of being cut: L = rho A - penalty. rho = pi / mu.

A penalty is 0 and flat at rho = 1, and never negative, so the first step on a rollout is the policy gradient's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from algorithms.estimators.estimator import Bounds
from algorithms.estimators.importance_weights import on_valid_rows
from algorithms.estimators.rollout import PartState
from algorithms.tunable import Number, Range, as_vector, replace_unchecked, tunable

MOST = 1e6  # of beta, which doubles
NEAR, FACTOR = 1.5, 2.0  # a KL within a factor NEAR of its target moves beta by nothing, else by FACTOR


@runtime_checkable
class DeclaresPenalty(Protocol):
    """A surrogate with a penalty."""

    def penalty(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        """What is subtracted from the objective of each row [T, P, N]."""


class _PenalisedRatio:
    per_sequence: ClassVar[bool] = False
    bounds: ClassVar[Bounds | None] = None

    def penalty(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        raise NotImplementedError

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        ratio = (logp - behaviour_logp).exp()
        return ratio * advantage - self.penalty(logp, behaviour_logp, advantage, valid)


@dataclass(frozen=True)
class AdaptiveKL(_PenalisedRatio):
    """L = rho A - beta k, k = rho - 1 - log rho, an estimate of KL(mu || pi); beta follows the KL that was seen.

    After the steps on a rollout d = mean k over its rows, and beta doubles where d > 1.5 target and halves where
    d < target / 1.5 (Schulman et al. 2017, equation 8 and section 4). Each member has its own beta, which starts at `beta`.
    """

    beta: Number = 1.0
    target: Number = tunable(0.01, Range(1e-3, 0.1, log=True))

    def __post_init__(self) -> None:
        if not (as_vector(self.beta) >= 0 and as_vector(self.target) > 0):
            raise ValueError(f"needs beta 0 at least and target above 0, not {self.beta} and {self.target}")

    def penalty(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        x = on_valid_rows(logp - behaviour_logp, valid)
        return self.beta * (x.exp() - 1 - x)

    def initial(self, members: int) -> PartState:
        return {"beta": torch.zeros(members) + as_vector(self.beta)}

    def with_state(self, state: PartState) -> AdaptiveKL:
        adapted: AdaptiveKL = replace_unchecked(self, beta=state["beta"][:, None])
        return adapted

    def update(self, log_ratio: Tensor, valid: Tensor, state: PartState) -> PartState:
        x = on_valid_rows(log_ratio, valid)
        seen = ((x.exp() - 1 - x) * valid).sum((0, 2)) / valid.sum((0, 2)).clamp(min=1)
        target, beta = as_vector(self.target), state["beta"]
        moved = torch.where(seen > NEAR * target, FACTOR * beta, torch.where(seen < target / NEAR, beta / FACTOR, beta))
        return {"beta": torch.where(valid.sum((0, 2)) > 0, moved.clamp(max=MOST), beta)}


@dataclass(frozen=True)
class QuadraticPenalty(_PenalisedRatio):
    """L = rho A - |A| (rho - 1)^2 / (2 eps): for each row its maximum lies at rho = 1 + sign(A) eps.

    Simple policy optimization (Xie et al. 2025, arXiv 2401.16025, section 4): where PPO's clip has no gradient beyond its
    bound, this one turns back.
    """

    eps: Number = tunable(0.2, Range(0.05, 0.5))

    def __post_init__(self) -> None:
        if not as_vector(self.eps) > 0:
            raise ValueError(f"eps must be positive, not {self.eps}")

    def penalty(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return advantage.abs() * ((logp - behaviour_logp).exp() - 1).square() / (2 * self.eps)

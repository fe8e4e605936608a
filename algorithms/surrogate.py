"""Surrogates: the objective of one action whose gradient, summed, is the policy gradient. rho = pi / mu throughout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """L = A log pi(a|s): its gradient is the score times the advantage."""

    whole: ClassVar[bool] = False
    bounds: ClassVar[Bounds | None] = None

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return advantage * logp


def _pessimistic(ratio: Tensor, advantage: Tensor, bounds: Bounds) -> Tensor:
    return torch.minimum(ratio * advantage, ratio.clamp(*bounds) * advantage)


def _check_clip(clip: float, high: float | None) -> None:
    if not 0 < clip < 1:
        raise ValueError(f"clip must lie in (0, 1), not {clip}")
    if high is not None and not high > 0:
        raise ValueError(f"high must be positive, not {high}")


@dataclass(frozen=True)
class ClippedRatio:
    """L = min(rho A, clip(rho, 1 - eps, 1 + eps) A) (Schulman et al. 2017, eq. 7).

    high  eps above 1, where it differs from the one below (clip-higher; Yu et al. 2025, eq. 10)
    dual  c > 1: where A < 0, L is at least c A (dual clip; Ye et al. 2020, eq. 5)
    """

    clip: float = 0.2
    high: float | None = None
    dual: float | None = None
    whole: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_clip(self.clip, self.high)
        if self.dual is not None and not self.dual > 1:
            raise ValueError(f"dual must be larger than 1, not {self.dual}")

    @property
    def bounds(self) -> Bounds:
        return 1 - self.clip, 1 + (self.clip if self.high is None else self.high)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        made = _pessimistic((logp - behaviour_logp).exp(), advantage, self.bounds)
        if self.dual is None:
            return made
        return torch.where(advantage < 0, torch.maximum(made, self.dual * advantage), made)


@dataclass(frozen=True)
class SequenceRatio:
    """ClippedRatio of the whole text's ratio prod_t rho_t, an equal share of it on each of its rows (TRL's RLOO).

    At rho = 1 its gradient, summed over rows, is A sum_t grad log pi. A is that of the whole text: the same on each row.
    """

    clip: float = 0.2
    high: float | None = None
    whole: ClassVar[bool] = True
    mean: ClassVar[bool] = False  # the exponent: 1, or 1 / length

    def __post_init__(self) -> None:
        _check_clip(self.clip, self.high)

    @property
    def bounds(self) -> Bounds:
        return 1 - self.clip, 1 + (self.clip if self.high is None else self.high)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        rows = valid.sum(0, keepdim=True).clamp(min=1)
        exponent = ((logp - behaviour_logp) * valid).sum(0, keepdim=True)
        share = rows if not self.mean else 1.0
        ratio = (exponent / (rows if self.mean else 1.0)).exp()
        return _pessimistic(ratio, advantage, self.bounds) / share


@dataclass(frozen=True)
class GeometricRatio(SequenceRatio):
    """ClippedRatio of s = (prod_t rho_t)^(1/|y|), whole on every row (GSPO; Zheng et al. 2025, eq. 5 and 7).

    With the aggregation "sequence" a text's loss is min(s A, clip(s) A). The bounds are so narrow because s moves little.
    """

    clip: float = 3e-4
    high: float | None = 4e-4
    mean: ClassVar[bool] = True


@dataclass(frozen=True)
class StoppedRatio:
    """L = min(rho, cap) A log pi with the ratio under stop-gradient: no token ever loses its gradient (CISPO).

    Chen et al. 2025 (MiniMax-M1), eq. 4; only the upper bound is used, as there.
    """

    cap: float = 5.0
    whole: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.cap > 0:
            raise ValueError(f"cap must be positive, not {self.cap}")

    @property
    def bounds(self) -> Bounds:
        return 0.0, self.cap

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        weight = (logp - behaviour_logp).exp().clamp(max=self.cap).detach()
        return weight * advantage * logp

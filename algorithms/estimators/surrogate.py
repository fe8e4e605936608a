"""Surrogates: the objective of one action whose gradient, summed, is the policy gradient. rho = pi / mu throughout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms.estimators.estimator import Bounds
from algorithms.tunable import Number, Range, as_vector, tunable

ROUNDING = 1e-5  # in the difference of two equal log-probabilities


@dataclass(frozen=True)
class Score:
    """L = A log pi(a|s): its gradient is the score times the advantage."""

    per_sequence: ClassVar[bool] = False
    bounds: ClassVar[Bounds | None] = None

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return advantage * logp


@dataclass(frozen=True)
class Ratio:
    """L = rho A, the importance-weighted advantage (Schulman et al. 2015, eq. 14)."""

    per_sequence: ClassVar[bool] = False
    bounds: ClassVar[Bounds | None] = None

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return (logp - behaviour_logp).exp() * advantage


def _clipped_minimum(ratio: Tensor, advantage: Tensor, bounds: Bounds) -> Tensor:
    return torch.minimum(ratio * advantage, clamp_to_bounds(ratio, bounds) * advantage)


def clamp_to_bounds(ratio: Tensor, bounds: Bounds) -> Tensor:
    """The ratio within its bounds, which may be one pair per member."""
    low, high = bounds
    if isinstance(low, Tensor) or isinstance(high, Tensor):  # torch clamps by two numbers or by two tensors
        return ratio.clamp(torch.as_tensor(low).to(ratio), torch.as_tensor(high).to(ratio))
    return ratio.clamp(low, high)


def _check_clip(clip: Number, high: Number | None) -> None:
    if not 0 < as_vector(clip) < 1:
        raise ValueError(f"clip must lie in (0, 1), not {clip}")
    if high is not None and not as_vector(high) > 0:
        raise ValueError(f"high must be positive, not {high}")


def _has_own_upper_bound(surrogate: Any, context: object) -> bool:
    """Whether the upper bound differs from the lower one."""
    return surrogate.high is not None


@dataclass(frozen=True)
class ClippedRatio:
    """L = min(rho A, clip(rho, 1 - eps, 1 + eps) A) (Schulman et al. 2017, eq. 7).

    high  eps above 1, if it differs from the one below 1 (clip-higher; Yu et al. 2025, eq. 10)
    dual  c > 1: if A < 0, L is at least c A (dual clip; Ye et al. 2020, eq. 5)
    """

    clip: Number = tunable(0.2, Range(0.05, 0.5))
    high: Number | None = tunable(None, Range(0.05, 0.5), when=_has_own_upper_bound)
    dual: float | None = None
    per_sequence: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_clip(self.clip, self.high)
        if self.dual is not None and not self.dual > 1:
            raise ValueError(f"dual must be larger than 1, not {self.dual}")

    @property
    def bounds(self) -> Bounds:
        return 1 - self.clip, 1 + (self.clip if self.high is None else self.high)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        made = _clipped_minimum((logp - behaviour_logp).exp(), advantage, self.bounds)
        if self.dual is None:
            return made
        return torch.where(advantage < 0, torch.maximum(made, self.dual * advantage), made)


@dataclass(frozen=True)
class SequenceRatio:
    """ClippedRatio with the ratio of the whole text, prod_t rho_t; each row has an equal share of L (TRL's RLOO).

    At rho = 1 its gradient, summed over rows, is A sum_t grad log pi. A must be the same on all rows of a text.
    """

    clip: Number = tunable(0.2, Range(0.05, 0.5))
    high: Number | None = tunable(None, Range(0.05, 0.5), when=_has_own_upper_bound)
    per_sequence: ClassVar[bool] = True
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
        return _clipped_minimum(ratio, advantage, self.bounds) / share


@dataclass(frozen=True)
class GeometricRatio(SequenceRatio):
    """ClippedRatio with the ratio s = (prod_t rho_t)^(1/|y|) on every row (GSPO; Zheng et al. 2025, eq. 5 and 7).

    With the aggregation "sequence" a text's loss is min(s A, clip(s) A). The bounds are narrow because s changes
    little.
    """

    clip: Number = tunable(3e-4, Range(1e-4, 1e-1, log=True))
    high: Number | None = tunable(4e-4, Range(1e-4, 1e-1, log=True), when=_has_own_upper_bound)
    mean: ClassVar[bool] = True


@dataclass(frozen=True)
class StoppedRatio:
    """L = min(rho, cap) A log pi with the ratio under stop-gradient, so every token keeps its gradient (CISPO).

    Chen et al. 2025 (MiniMax-M1), eq. 4, for one token; as there, only the upper bound is used. The
    mean over tokens in the source is the estimator's aggregation "token".
    """

    cap: Number = tunable(5.0, Range(1, 10, log=True))
    per_sequence: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not as_vector(self.cap) > 0:
            raise ValueError(f"cap must be positive, not {self.cap}")

    @property
    def bounds(self) -> Bounds:
        return 0.0, self.cap

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        weight = (logp - behaviour_logp).exp()
        weight = clamp_to_bounds(weight, (0.0, self.cap)).detach()
        return weight * advantage * logp


def _largest_covariances(logp: Tensor, advantage: Tensor, valid: Tensor, share: float) -> Tensor:
    """The rows with the largest (log pi - mean) (A - mean), at least one per member with valid rows: True [T, P, N].

    For a tabular softmax the entropy falls, to first order, by the covariance of log pi and the change of the logits.
    These few rows contribute most of it (Cui et al. 2025, theorem 1 and equation 8).
    """
    count = valid.sum((0, 2), keepdim=True).clamp(min=1)

    def centred(x: Tensor) -> Tensor:
        return x - (x * valid).sum((0, 2), keepdim=True) / count

    covariance = torch.where(valid > 0, centred(logp.detach()) * centred(advantage), -torch.inf)
    t, p, n = covariance.shape
    flat = covariance.transpose(0, 1).reshape(p, t * n)
    rank = flat.argsort(1, descending=True).argsort(1).reshape(p, t, n).transpose(0, 1)
    return (rank < (share * count).floor().clamp(min=1)) & (valid > 0)


def _check_share(share: float) -> None:
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], not {share}")


@dataclass(frozen=True)
class ClippedCovariance(ClippedRatio):
    """ClippedRatio, without a gradient on the share of rows with the largest covariance (Clip-Cov; Cui et al. 2025, eq. 11).

    The source samples them from an interval of large covariances. Here they are the largest, so that seeds repeat.
    """

    share: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share(self.share)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        made = super().__call__(logp, behaviour_logp, advantage, valid)
        return torch.where(_largest_covariances(logp, advantage, valid, self.share), made.detach(), made)


@dataclass(frozen=True)
class PenalisedCovariance:
    """L = rho A, minus kappa |log rho| on the share of rows of largest covariance (KL-Cov; Cui et al. 2025, eq. 13)."""

    share: float = 0.02
    kappa: Number = tunable(1.0, Range(0.1, 10, log=True))
    per_sequence: ClassVar[bool] = False
    bounds: ClassVar[Bounds | None] = None

    def __post_init__(self) -> None:
        _check_share(self.share)
        if as_vector(self.kappa) < 0:
            raise ValueError(f"kappa must be at least 0, not {self.kappa}")

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        log_ratio = logp - behaviour_logp
        held = _largest_covariances(logp, advantage, valid, self.share)
        # at ratio 1 the sign of the penalty's gradient must not depend on rounding
        moved = torch.where(log_ratio.abs() > ROUNDING, log_ratio.abs(), 0.0)
        return log_ratio.exp() * advantage - self.kappa * held * moved

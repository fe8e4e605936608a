"""Corrections for stale data: a weight on the advantage of each action, which was sampled from mu and not from pi.

w is a function of x_t = log pi(a_t|s_t) - log mu(a_t|s_t). pi is the policy when learning on the rollout begins, mu the
one that acted. w is constant for the gradient. With a correction, the ratio of a surrogate (Ratio, ClippedRatio) is
relative to pi and not to mu: the decoupling of proximal and behaviour policy (Hilton et al. 2022, Batch size-invariance
for policy optimization, equation 3; Fu et al. 2025, AReaL, equation 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from algorithms.tunable import Number, Range, as_vector, tunable

INF = float("inf")
ROUNDING = 1e-5  # in the difference of two equal log-probabilities; on policy every weight is exactly 1


class Correction(Protocol):
    """A weight for each row."""

    @property
    def per_sequence(self) -> bool:
        """Whether it reads whole episodes, the columns of [T, P, N]."""

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        """w [T, P, N] from x [T, P, N]; rows that are not valid have no influence."""


def on_valid_rows(log_ratio: Tensor, valid: Tensor) -> Tensor:
    """x on valid rows; 0 elsewhere and if |x| is only rounding."""
    return torch.where((log_ratio.abs() > ROUNDING) & (valid > 0), log_ratio, 0.0)


def _check_cap(cap: Number) -> None:
    if not as_vector(cap) >= 1:
        raise ValueError(f"cap must be at least 1, not {cap}: below, data that are not stale would be cut too")


@dataclass(frozen=True)
class TokenIS:
    """w_t = min(rho_t, cap): the ratio of each action. Biased even without a cap: the states are those of mu.

    With a cap it is truncated importance sampling (Ionides 2008), as in verl and TRL on tokens.
    """

    cap: Number = tunable(2.0, Range(1, 10, log=True))
    per_sequence = False

    def __post_init__(self) -> None:
        _check_cap(self.cap)

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        return _capped(on_valid_rows(log_ratio, valid).exp(), self.cap)


@dataclass(frozen=True)
class TokenBand:
    """w_t = rho_t where low <= rho_t <= high, else 0: actions whose probability has changed too much are ignored.

    IcePop (Ling Team 2025, arXiv 2510.18855, section 2). It is sign-blind: a step that would come back is ignored too.
    """

    low: float = 0.2
    high: Number = tunable(5.0, Range(1.5, 20, log=True))
    per_sequence = False

    def __post_init__(self) -> None:
        if not 0 <= self.low <= 1 <= as_vector(self.high):
            raise ValueError(f"needs 0 <= low <= 1 <= high, not {self.low} and {self.high}")

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        ratio = on_valid_rows(log_ratio, valid).exp()
        return ratio * ((ratio >= self.low) & (ratio <= self.high))


@dataclass(frozen=True)
class SequenceIS:
    """w = min(prod_t rho_t, cap) on every row of the episode. Only this one, without a cap, is unbiased."""

    cap: Number = tunable(INF, Range(1, 10, log=True), when=lambda owner, context: as_vector(owner.cap) != INF)
    per_sequence = True

    def __post_init__(self) -> None:
        _check_cap(self.cap)

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        x = on_valid_rows(log_ratio, valid).sum(0, keepdim=True)
        return _capped(x.exp(), self.cap).expand_as(log_ratio)


@dataclass(frozen=True)
class SequenceMask:
    """w = 1 if low <= prod_t rho_t <= high, else 0: episodes outside these bounds are ignored."""

    low: float = 0.5
    high: float = 2.0
    per_sequence = True

    def __post_init__(self) -> None:
        if not 0 <= self.low <= 1 <= self.high:
            raise ValueError(f"needs 0 <= low <= 1 <= high, not {self.low} and {self.high}")

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        ratio = on_valid_rows(log_ratio, valid).sum(0, keepdim=True).exp()
        return ((ratio >= self.low) & (ratio <= self.high)).to(log_ratio).expand_as(log_ratio)


def _capped(ratio: Tensor, cap: Number) -> Tensor:
    if isinstance(cap, Tensor):
        return torch.minimum(ratio, cap.to(ratio))
    return ratio if cap == INF else ratio.clamp(max=cap)

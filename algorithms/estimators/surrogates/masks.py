"""Masks of a trust region: rows that have moved too far lose their gradient, all others keep it. rho = pi / mu.

A mask m is 0 or 1, and constant for the gradient. A directed mask drops a row only where its step would move further away
from mu (A > 0 and rho > 1, or A < 0 and rho < 1); a sign-blind one also drops steps that would come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from algorithms.estimators.estimator import Bounds, Surrogate
from algorithms.tunable import Number, Range, as_vector, tunable

NEARLY = 1e-8  # smallest probability of all other actions


class Mask(Protocol):
    """m [T, P, N], 0 or 1, from log-probabilities and advantages [T, P, N]."""

    @property
    def per_sequence(self) -> bool:
        """Whether it reads whole episodes, the columns of [T, P, N]."""

    @property
    def directed(self) -> bool:
        """Whether it drops only steps that would move further away."""

    @property
    def reads_probabilities(self) -> bool:
        """Whether it needs actions with probabilities, which continuous ones do not have."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Masked:
    """L = m inner(pi, mu, A): a surrogate on the rows that a mask keeps."""

    inner: Surrogate
    mask: Mask

    @property
    def per_sequence(self) -> bool:
        return self.inner.per_sequence or self.mask.per_sequence

    @property
    def bounds(self) -> Bounds | None:
        return self.inner.bounds

    @property
    def reads_probabilities(self) -> bool:
        return self.mask.reads_probabilities

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        keep = self.mask(logp.detach(), behaviour_logp, advantage, valid)
        return keep * self.inner(logp, behaviour_logp, advantage, valid)


def _check_positive(name: str, value: Number) -> None:
    if not as_vector(value) > 0:
        raise ValueError(f"{name} must be positive, not {value}")


@dataclass(frozen=True)
class ProbabilityGap:
    """m = 0 where sign(A) (pi - mu) > delta; not `directed`: where |pi - mu| > delta.

    |pi - mu| of one action is the total variation between two policies that tell this action from all others (DPPO's
    binary TV; Qi et al. 2026, arXiv 2602.04879, equation 13). A ratio of 2 at a probability of 0.001 moves little.
    """

    delta: Number = tunable(0.2, Range(0.02, 0.5))
    directed: bool = True
    per_sequence: ClassVar[bool] = False
    reads_probabilities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_positive("delta", self.delta)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        gap = logp.exp() - behaviour_logp.exp()
        moved = gap * advantage.sign() if self.directed else gap.abs()
        return (moved <= self.delta).to(logp)


@dataclass(frozen=True)
class BinaryKL:
    """m = 0 where sign(A) (pi - mu) > 0 and d > delta, d = mu log(mu / pi) + (1 - mu) log((1 - mu) / (1 - pi)).

    d is the KL between two policies that tell this action from all others (DPPO's binary KL; Qi et al. 2026, equation 14).
    """

    delta: Number = tunable(0.05, Range(0.005, 0.5, log=True))
    directed: ClassVar[bool] = True
    per_sequence: ClassVar[bool] = False
    reads_probabilities: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_positive("delta", self.delta)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        pi, mu = logp.exp(), behaviour_logp.exp()
        others = ((1 - mu).clamp(min=NEARLY) / (1 - pi).clamp(min=NEARLY)).log()
        divergence = mu * (behaviour_logp - logp) + (1 - mu) * others
        away = (pi - mu) * advantage > 0
        return (~(away & (divergence > self.delta))).to(logp)


@dataclass(frozen=True)
class StaleFailures:
    """m = 0 on rows with A < 0 of texts with mean_t log(mu / pi) > delta: failures that pi would no longer write.

    Off-policy sequence masking (DeepSeek-V3.2 2025, arXiv 2512.02556, equation 9). The threshold is not published.
    """

    delta: Number = tunable(0.1, Range(0.01, 1.0, log=True))
    directed: ClassVar[bool] = True
    per_sequence: ClassVar[bool] = True
    reads_probabilities: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_positive("delta", self.delta)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        rows = valid.sum(0, keepdim=True).clamp(min=1)
        divergence = ((behaviour_logp - logp) * valid).sum(0, keepdim=True) / rows  # [1, P, N]
        return (~((advantage < 0) & (divergence > self.delta))).to(logp)


@dataclass(frozen=True)
class SecondMoment:
    """m = 0 on the rows with the largest (log rho)^2, until its mean over a member's other rows is at most `bound`.

    M2PO (Zheng et al. 2025, arXiv 2510.01161, section 4), whatever the sign of A, as AReaL masks. One row is always kept.
    """

    bound: Number = tunable(0.04, Range(0.005, 0.5, log=True))
    directed: ClassVar[bool] = False
    per_sequence: ClassVar[bool] = False
    reads_probabilities: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_positive("bound", self.bound)

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        t, p, n = logp.shape
        square = torch.where(valid > 0, (logp - behaviour_logp).square(), torch.inf)
        flat = square.transpose(0, 1).reshape(p, t * n)
        ordered, place = flat.sort(1)
        count = torch.arange(1, t * n + 1, device=logp.device)
        kept = (ordered.cumsum(1) / count <= self.bound).sum(1, keepdim=True).clamp(min=1)  # means of a sorted row rise
        keep = torch.zeros_like(flat).scatter(1, place, (count <= kept).to(flat))
        return keep.reshape(p, t, n).transpose(0, 1)

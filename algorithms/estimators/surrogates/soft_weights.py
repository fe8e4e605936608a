"""Surrogates whose weight falls off smoothly, or by the sign of the advantage, instead of being cut. rho = pi / mu.

`weight` is f = (dL / d log pi) / A as a function of x, the logarithm of the ratio, of a step or of the whole text
(`per_sequence`). f is 1 at x = 0, where every surrogate has the policy gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from algorithms.estimators.estimator import Bounds
from algorithms.tunable import Number, Range, as_vector, tunable

LARGEST = 20.0  # of |x|, beyond which exp is of no use


@runtime_checkable
class DeclaresWeight(Protocol):
    """A surrogate that says its weight in closed form."""

    def weight(self, log_ratio: Tensor, advantage: Tensor) -> Tensor:
        """f at these logarithms of ratios, in the shape of both."""


def _check_positive(**numbers: Number) -> None:
    for name, value in numbers.items():
        if not as_vector(value) > 0:
            raise ValueError(f"{name} must be positive, not {value}")


def _alike(number: Number, x: Tensor) -> Tensor:
    """The number as a tensor with the precision of x."""
    return torch.as_tensor(number, dtype=x.dtype, device=x.device)


@dataclass(frozen=True)
class SoftGate:
    """L = 4 / tau sigmoid(tau (rho - 1)) A, tau by the sign of A (SAPO; Gao et al. 2025, arXiv 2511.20347, section 3).

    f = 4 s (1 - s) rho with s = sigmoid(tau (rho - 1)): no row is cut off, and negative advantages fade a little faster.
    """

    positive: Number = tunable(1.0, Range(0.3, 10, log=True))
    negative: Number = tunable(1.05, Range(0.3, 10, log=True))
    per_sequence: ClassVar[bool] = False
    bounds: ClassVar[Bounds | None] = None

    def __post_init__(self) -> None:
        _check_positive(positive=self.positive, negative=self.negative)

    def _temperature(self, advantage: Tensor) -> Tensor:
        return torch.where(advantage > 0, _alike(self.positive, advantage), _alike(self.negative, advantage))

    def weight(self, log_ratio: Tensor, advantage: Tensor) -> Tensor:
        ratio = log_ratio.exp()
        gate = (self._temperature(advantage) * (ratio - 1)).sigmoid()
        return 4 * gate * (1 - gate) * ratio

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        tau = self._temperature(advantage)
        return 4 / tau * (tau * ((logp - behaviour_logp).exp() - 1)).sigmoid() * advantage


class _TextWeight:
    """L = sg(f(x)) A log pi, x the logarithm of the ratio of the whole text."""

    per_sequence: ClassVar[bool] = True
    bounds: ClassVar[Bounds | None] = None

    def weight(self, log_ratio: Tensor, advantage: Tensor) -> Tensor:
        raise NotImplementedError

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        x = ((logp.detach() - behaviour_logp) * valid).sum(0, keepdim=True).clamp(-LARGEST, LARGEST)
        return self.weight(x.expand_as(advantage), advantage) * advantage * logp


@dataclass(frozen=True)
class GammaKernel(_TextWeight):
    """f = e^lam w^k e^(-lam w), w = prod_t rho_t, (k, lam) by the sign of A (VESPO; Shen et al. 2026, arXiv 2602.10693).

    The kernel is largest at w = k / lam: below 1 where A > 0, above 1 where A < 0, so texts that went far either way fade.
    The values are those of TRL.
    """

    k_positive: Number = tunable(2.0, Range(0.5, 8, log=True))
    lam_positive: Number = tunable(3.0, Range(0.5, 8, log=True))
    k_negative: Number = tunable(3.0, Range(0.5, 8, log=True))
    lam_negative: Number = tunable(2.0, Range(0.5, 8, log=True))

    def __post_init__(self) -> None:
        _check_positive(k_positive=self.k_positive, lam_positive=self.lam_positive)
        _check_positive(k_negative=self.k_negative, lam_negative=self.lam_negative)

    def weight(self, log_ratio: Tensor, advantage: Tensor) -> Tensor:
        good = advantage >= 0
        k = torch.where(good, _alike(self.k_positive, advantage), _alike(self.k_negative, advantage))
        lam = torch.where(good, _alike(self.lam_positive, advantage), _alike(self.lam_negative, advantage))
        return (lam + k * log_ratio - lam * log_ratio.exp()).exp()


@dataclass(frozen=True)
class Tapered(_TextWeight):
    """f = 1 where A >= 0, min(w, cap) where A < 0, w = prod_t rho_t (TOPR; Le Roux et al. 2025, section 3).

    Good texts are imitated at full weight however rare they are; a bad text that pi no longer writes is left alone.
    """

    cap: Number = tunable(1.0, Range(1.0, 4.0))

    def __post_init__(self) -> None:
        if not as_vector(self.cap) >= 1:
            raise ValueError(f"cap must be at least 1, not {self.cap}: below, data that are not stale would be cut too")

    def weight(self, log_ratio: Tensor, advantage: Tensor) -> Tensor:
        ratio = torch.minimum(log_ratio.exp(), _alike(self.cap, log_ratio))
        return torch.where(advantage < 0, ratio, 1.0)

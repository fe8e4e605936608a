"""Wrong surrogates and corrections, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from algorithms.estimators.importance_weights import TokenIS
from algorithms.estimators.surrogate import ClippedRatio, GeometricRatio, SequenceRatio
from tests.contracts.custom_parts import CustomCorrection, CustomSurrogate, WholeSurrogate


@dataclass(frozen=True)
class MaxOfSequence(SequenceRatio):
    """max for min, of whole episodes."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        rows = valid.sum(0, keepdim=True).clamp(min=1)
        rho = ((logp - behaviour_logp) * valid).sum(0, keepdim=True).exp()
        return torch.maximum(rho * advantage, rho.clamp(*self.bounds) * advantage) / rows


@dataclass(frozen=True)
class SwappedBounds(ClippedRatio):
    """Clip-higher applied below."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return ClippedRatio(0.28, 0.2)(logp, behaviour_logp, advantage, valid)


@dataclass(frozen=True)
class InvertedGeometric(GeometricRatio):
    """The ratio of the policy that acted over the one that learns."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return -super().__call__(behaviour_logp, logp, advantage, valid)


PPO_BOUNDS = (0.8, 1.2)


def ratio(logp: Tensor, mu: Tensor) -> Tensor:
    return (logp - mu).exp()


def both(x: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    return x * a, x.clamp(*PPO_BOUNDS) * a


SURROGATES: dict[str, Any] = {
    "ratio upside down": CustomSurrogate(lambda p, m, a, v: -ratio(m, p) * a),
    "ratio upside down, detached": CustomSurrogate(lambda p, m, a, v: ratio(m, p).detach() * a * p),
    "ratio attached": CustomSurrogate(lambda p, m, a, v: ratio(p, m) * a * p),
    "ratio squared": CustomSurrogate(lambda p, m, a, v: 0.5 * ratio(p, m) ** 2 * a),
    "ratio detached": CustomSurrogate(lambda p, m, a, v: ratio(p, m).detach() * a),
    "root of the ratio": CustomSurrogate(lambda p, m, a, v: 2 * ratio(p, m).sqrt() * a),
    "max for min": CustomSurrogate(lambda p, m, a, v: torch.maximum(*both(ratio(p, m), a)), PPO_BOUNDS),
    "max for min, undeclared": CustomSurrogate(lambda p, m, a, v: torch.maximum(*both(ratio(p, m), a))),
    "clip without min": CustomSurrogate(lambda p, m, a, v: both(ratio(p, m), a)[1], PPO_BOUNDS),
    "clip without min, undeclared": CustomSurrogate(lambda p, m, a, v: both(ratio(p, m), a)[1]),
    "clip of the gain only": CustomSurrogate(
        lambda p, m, a, v: torch.minimum(ratio(p, m) * a, ratio(p, m).clamp(max=1.2) * a), PPO_BOUNDS
    ),
    "no clip, though declared": CustomSurrogate(lambda p, m, a, v: ratio(p, m) * a, PPO_BOUNDS),
    "no ratio, though declared": CustomSurrogate(lambda p, m, a, v: a * p, PPO_BOUNDS),
    "clip for the wrong sign": CustomSurrogate(
        lambda p, m, a, v: torch.where(
            a > 0, torch.maximum(*both(ratio(p, m), a)), torch.minimum(*both(ratio(p, m), a))
        ),
        PPO_BOUNDS,
    ),
    "clip of the log": CustomSurrogate(
        lambda p, m, a, v: torch.minimum(ratio(p, m) * a, (p - m).clamp(*PPO_BOUNDS) * a), PPO_BOUNDS
    ),
    "other bounds than declared": CustomSurrogate(
        lambda p, m, a, v: torch.minimum(ratio(p, m) * a, ratio(p, m).clamp(0.5, 1.5) * a), PPO_BOUNDS
    ),
    "cap of min for max": CustomSurrogate(lambda p, m, a, v: ratio(p, m).clamp(min=5.0).detach() * a * p, (0.0, 5.0)),
    "capped weight attached": CustomSurrogate(lambda p, m, a, v: ratio(p, m).clamp(max=5.0) * a * p, (0.0, 5.0)),
    "negated": CustomSurrogate(lambda p, m, a, v: -a * p),
    "absolute advantage": CustomSurrogate(lambda p, m, a, v: a.abs() * p),
    "positive advantages only": CustomSurrogate(lambda p, m, a, v: a.clamp(min=0) * p),
    "score times 1.02": CustomSurrogate(lambda p, m, a, v: 1.02 * a * p),
    "clip times 0.98": CustomSurrogate(lambda p, m, a, v: 0.98 * torch.minimum(*both(ratio(p, m), a)), PPO_BOUNDS),
    "probability for its logarithm": CustomSurrogate(lambda p, m, a, v: a * p.exp()),
    "over the length": CustomSurrogate(lambda p, m, a, v: a * p / v.sum(0, keepdim=True).clamp(min=1)),
    "mean of the batch": CustomSurrogate(lambda p, m, a, v: a * p / v.sum((0, 2), keepdim=True)),
    "an entropy bonus of the wrong sign": CustomSurrogate(lambda p, m, a, v: a * p + 0.01 * p),
    "advantage squared": CustomSurrogate(lambda p, m, a, v: a * a.abs() * p),
    "clip max of whole episodes": MaxOfSequence(),
    "clip-higher below": SwappedBounds(0.2, 0.28),
    "clip of the geometric mean upside down": InvertedGeometric(0.2),
    "geometric mean upside down": WholeSurrogate(
        lambda p, m, a, v: -(((m - p) * v).sum(0, True) / v.sum(0, True).clamp(min=1)).exp() * a
    ),
    "sequence ratio on every row": WholeSurrogate(lambda p, m, a, v: ((p - m) * v).sum(0, True).exp() * a),
    "sequence ratio over padding": WholeSurrogate(lambda p, m, a, v: ((p - m) * v).sum(0, True).exp() * a / len(p)),
}


@dataclass(frozen=True)
class InvertedIS(TokenIS):
    """mu / pi."""

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        return super().__call__(-log_ratio, valid)


@dataclass(frozen=True)
class Uncapped(TokenIS):
    """Its cap is not applied."""

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        return (log_ratio * valid).exp()


CORRECTIONS: dict[str, Any] = {
    "upside down": InvertedIS(),
    "sequence upside down": CustomCorrection(lambda x, v: (-(x * v).sum(0, True)).exp().expand_as(x)),
    "squared": CustomCorrection(lambda x, v: (2 * x * v).exp()),
    "missing": CustomCorrection(lambda x, v: torch.ones_like(x)),
    "cap not applied": Uncapped(),
    "bounded below": CustomCorrection(lambda x, v: (x * v).exp().clamp(min=0.5)),
    "max for min": CustomCorrection(lambda x, v: (x * v).exp().clamp(min=1.0)),
    "times 1.02": CustomCorrection(lambda x, v: 1.02 * (x * v).exp()),
    "first step only": CustomCorrection(lambda x, v: x[:1].exp().expand_as(x)),
    "of the whole batch": CustomCorrection(lambda x, v: (x * v).sum((0, 2), True).exp().expand_as(x)),
    "padding counted": CustomCorrection(lambda x, v: x.sum(0, True).exp().expand_as(x)),
    "log ratio for the ratio": CustomCorrection(lambda x, v: 1 + x * v),
    "later steps": CustomCorrection(lambda x, v: (x * v).flip(0).cumsum(0).flip(0).exp()),
}

"""Conformance rules for surrogates that declare a mask, a weight or a penalty (algorithms.estimators.surrogates).

mask     0 or 1, all 1 on policy; what it keeps is unchanged; a directed one drops no step back towards mu
weight   f(log ratio, A) = (dL / d log pi) / A as declared, 1 on policy, never negative
penalty  0 and flat on policy, never negative
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance.coefficients import gradient_of
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import synthetic_rollout
from algorithms.estimators.estimator import Bounds, Surrogate
from algorithms.estimators.surrogates.masks import Masked
from algorithms.estimators.surrogates.penalties import DeclaresPenalty
from algorithms.estimators.surrogates.soft_weights import DeclaresWeight

CLOSE = 1e-6
LEVELS = (-3.0, -1.0, -0.3, -0.05, 0.05, 0.3, 1.0, 3.0)  # logarithms of the tested ratios


def examine(surrogate: Surrogate) -> tuple[list[Finding], Surrogate | None]:
    """(the findings of all rules, the surrogate without what was declared, which has rules of its own; None: none left)."""
    if isinstance(surrogate, Masked):
        return _mask(surrogate), surrogate.inner
    if isinstance(surrogate, DeclaresPenalty):
        return _penalty(surrogate), _Unpenalised(surrogate)
    if isinstance(surrogate, DeclaresWeight):
        return _weight(surrogate), None
    return [], surrogate


@dataclass(frozen=True)
class _Unpenalised:
    """L plus its penalty: what the penalty is subtracted from."""

    penalised: Any
    per_sequence: ClassVar[bool] = False
    bounds: ClassVar[Bounds | None] = None

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        arguments = logp, behaviour_logp, advantage, valid
        made: Tensor = self.penalised(*arguments) + self.penalised.penalty(*arguments)
        return made


class _Rows:
    """Rows of a synthetic rollout, with advantages of both signs that are the same on all rows of an episode."""

    def __init__(self) -> None:
        rollout, _ = synthetic_rollout()
        rng = np.random.default_rng(6)
        self.mu, self.valid = rollout.logp, rollout.valid
        size = torch.from_numpy(rng.uniform(0.5, 1.5, tuple(self.valid.shape[1:])))
        sign = torch.from_numpy(rng.permuted(np.tile([1.0, -1.0], (2, 6)), axis=1))  # [P, N]
        self.advantage = (size * sign).expand_as(self.mu).clone()
        self.away = torch.from_numpy(rng.uniform(-1, 1, tuple(self.valid.shape)))
        self.on = self.valid > 0

    def slope(self, of: Callable[..., Tensor], pi: Tensor, mu: Tensor | None = None) -> Tensor:
        """d of / d log pi [T, P, N] on valid rows."""
        logp = pi.clone().requires_grad_()
        made = of(logp, self.mu if mu is None else mu, self.advantage, self.valid)
        return gradient_of(made * self.valid, logp) * self.valid


def _levels(rows: _Rows) -> list[Tensor]:
    """Log-probabilities of the learning policy, none above 0: all rows moved alike, and each by its own."""
    moved = [rows.mu + level for level in LEVELS] + [rows.mu + rows.away, rows.mu + 0.2 * rows.away]
    return [pi.clamp(max=-1e-3) for pi in moved]


def _mask(surrogate: Masked) -> list[Finding]:
    rows, mask = _Rows(), surrogate.mask

    def keep(pi: Tensor, mu: Tensor | None = None) -> Tensor:
        return mask(pi, rows.mu if mu is None else mu, rows.advantage, rows.valid)

    kept = [keep(pi)[rows.on] for pi in _levels(rows)]
    other = [torch.minimum(k, (1 - k).abs()).abs() for k in kept]
    dropped = sum(float((1 - k).sum()) for k in kept)
    off, back, foreign = [], [], []
    for pi in _levels(rows):
        m = keep(pi)
        off.append((rows.slope(surrogate, pi) - m * rows.slope(surrogate.inner, pi))[rows.on])
        away = pi - rows.mu
        if mask.per_sequence:  # a text comes back where its mean ratio does
            away = (away * rows.valid).mean(0, keepdim=True).expand_as(away)
        returning = rows.on & (away * rows.advantage < 0)
        back.append((1 - m)[returning])
        elsewhere = pi.clone()
        elsewhere[:, 1] = rows.mu[:, 1] - 1.7
        elsewhere = torch.where(rows.on, elsewhere, -4.0)
        foreign.append((keep(elsewhere) - m)[:, 0][rows.on[:, 0]])
    drops = f"expected some rows dropped; seen {dropped:.0f}"
    findings = [
        close_to_zero("a mask keeps everything on policy", (keep(rows.mu) - 1)[rows.on], CLOSE, "1"),
        close_to_zero("a mask is 0 or 1", torch.cat(other), CLOSE, "0 or 1"),
        Finding("a mask drops what has moved far", dropped > 0, drops),
        close_to_zero("a mask leaves what it keeps as it was", torch.cat(off), CLOSE, "m times the gradient"),
        close_to_zero("a mask sees neither other members nor rows that are not valid", torch.cat(foreign), CLOSE),
    ]
    if mask.directed:
        findings.append(close_to_zero("a directed mask drops no step back", torch.cat(back), CLOSE, "1"))
    return findings


def _weight(surrogate: Any) -> list[Finding]:
    rows = _Rows()
    count = rows.valid.sum(0, keepdim=True).clamp(min=1)
    off, least = [], []
    for level in (0.0, *LEVELS):
        moved = level / count if surrogate.per_sequence else level * torch.ones_like(count)
        f = rows.slope(surrogate, rows.mu + moved) / rows.advantage
        declared = surrogate.weight(torch.full_like(rows.mu, level), rows.advantage)
        off.append((f - declared)[rows.on])
        least.append(float(declared.min()))
    one = surrogate.weight(torch.zeros_like(rows.mu), rows.advantage) - 1
    negative = f"expected 0 at least; seen {min(least):.3g}"
    return [
        close_to_zero("on policy a surrogate's gradient is the policy gradient", one, CLOSE, "A, times 1"),
        close_to_zero("a surrogate's weight is the one it declares", torch.cat(off), CLOSE, "f(log ratio, A)"),
        Finding("a surrogate's weight is never negative", min(least) >= 0, negative),
    ]


def _penalty(surrogate: Any) -> list[Finding]:
    rows = _Rows()
    on_policy = surrogate.penalty(rows.mu, rows.mu, rows.advantage, rows.valid)[rows.on]
    flat = rows.slope(surrogate.penalty, rows.mu)[rows.on]
    made = [surrogate.penalty(pi, rows.mu, rows.advantage, rows.valid)[rows.on] for pi in _levels(rows)]
    least = min(float(x.min()) for x in made)
    seen = f"expected 0 at least; seen {least:.3g}"
    return [
        close_to_zero("a penalty is 0 on policy", on_policy, CLOSE, "0"),
        close_to_zero("a penalty is flat on policy", flat, CLOSE, "a gradient of 0"),
        Finding("a penalty is never paid out", least >= -CLOSE, seen),
    ]

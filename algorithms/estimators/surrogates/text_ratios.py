"""Surrogates with a ratio of the whole text in place of each action's: geometric means, clipped by row. rho = pi / mu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from algorithms.estimators.estimator import Bounds
from algorithms.estimators.surrogate import GeometricRatio, clamp_to_bounds
from algorithms.tunable import Number, Range, as_vector, tunable


@dataclass(frozen=True)
class GeometricMean:
    """L = exp(1/|y| sum_t c_t) A, c_t = log rho_t, bounded by +clip where A > 0 and by -clip where A < 0, on every row.

    GMPO (Zhao et al. 2025, arXiv 2507.20673, section 4). Each token is clipped before the mean is taken, so one token
    that went too far loses its gradient and the others of its text keep theirs. Bounds are those of log rho.
    """

    clip: Number = tunable(0.4, Range(0.05, 1.0))
    per_sequence: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not as_vector(self.clip) > 0:
            raise ValueError(f"clip must be positive, not {self.clip}")

    @property
    def bounds(self) -> Bounds:
        clip = torch.as_tensor(self.clip, dtype=None if isinstance(self.clip, Tensor) else torch.float64)
        low, high = (-clip).exp(), clip.exp()
        return (low, high) if isinstance(self.clip, Tensor) else (float(low), float(high))

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        clip = torch.as_tensor(self.clip, dtype=logp.dtype, device=logp.device)
        x = logp - behaviour_logp
        bounded = torch.where(advantage > 0, torch.minimum(x, clip), torch.maximum(x, -clip))
        rows = valid.sum(0, keepdim=True).clamp(min=1)
        return ((bounded * valid).sum(0, keepdim=True) / rows).exp() * advantage


@dataclass(frozen=True)
class GeometricToken(GeometricRatio):
    """L = min(s_t A_t, clip(s_t) A_t), s_t = sg(s) pi / sg(pi), s = (prod_t rho_t)^(1/|y|) (GSPO-token; Zheng et al. 2025).

    arXiv 2507.18071, equations 13 and 14. Its value and gradient are GSPO's where A_t is the same on all rows of a text;
    rows may have advantages of their own.
    """

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        rows = valid.sum(0, keepdim=True).clamp(min=1)
        mean = ((logp.detach() - behaviour_logp) * valid).sum(0, keepdim=True) / rows
        ratio = (mean + logp - logp.detach()).exp()
        return torch.minimum(ratio * advantage, clamp_to_bounds(ratio, self.bounds) * advantage)

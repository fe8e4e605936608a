"""Beta distributions over a box: bounded actions without clipping."""

from __future__ import annotations

import numpy as np
import scipy
import torch
from torch import Tensor
from torch.nn import functional

from envs.api import Array, Box, Doubles, Floats

EDGE = 1e-6  # how near to 0 or 1 a recorded action may be: there log x is finite in float32


class Beta:
    """x ~ Beta(alpha, beta) for each action, a = low + (high - low) x: never outside the box (Chou et al. 2017, section 4).

        log pi(a) = (alpha - 1) log x + (beta - 1) log(1 - x) - log B(alpha, beta) - log(high - low)

    out = (u, v), both made by the network: alpha = 1 + softplus(u), beta = 1 + softplus(v). Both are above 1, so the density
    has one mode and is 0 at the bounds. x is recorded. It is drawn as the inverse of the distribution function at a
    uniform number. Scores and KL are those of x.
    """

    def __init__(self, space: Box) -> None:
        self.size = space.size
        self.outputs = self.network_outputs = 2 * space.size
        self._low: Floats = np.array(space.low, np.float32)
        self._width: Floats = np.array(space.high, np.float32) - self._low
        self._log_volume = float(np.log(self._width, dtype=np.float64).sum())  # of da / dx

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return rng.random((*shape, self.size), dtype=np.float32)

    def sample(self, out: Floats, noise: Floats) -> Array:
        alpha, beta = (1 + excess for excess in self._excesses(out))
        drawn = scipy.special.betaincinv(alpha, beta, noise.astype(np.float64))
        return np.clip(drawn, EDGE, 1 - EDGE).astype(np.float32)

    def mode(self, out: Floats) -> Array:
        of_alpha, of_beta = self._excesses(out)
        return (of_alpha / (of_alpha + of_beta)).astype(np.float32)

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor:
        alpha, beta = _shapes(out)
        x = action.clamp(EDGE, 1 - EDGE)
        density = (alpha - 1) * x.log() + (beta - 1) * torch.log1p(-x) - _log_beta(alpha, beta)
        return density.sum(-1) - self._log_volume

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        alpha, beta = _shapes(out)
        total = alpha + beta
        entropy = (
            _log_beta(alpha, beta)
            - (alpha - 1) * alpha.digamma()
            - (beta - 1) * beta.digamma()
            + (total - 2) * total.digamma()
        )
        return self.log_prob(out, action), entropy.sum(-1) + self._log_volume

    def score_norm_sq(self, out: Tensor, action: Tensor) -> Tensor:
        alpha, beta = _shapes(out)
        u, v = out.chunk(2, -1)
        x, both = action.clamp(EDGE, 1 - EDGE), (alpha + beta).digamma()
        of_alpha = (x.log() - alpha.digamma() + both) * u.sigmoid()
        of_beta = (torch.log1p(-x) - beta.digamma() + both) * v.sigmoid()
        return (of_alpha**2 + of_beta**2).sum(-1)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        (alpha, beta), (moved, changed) = _shapes(old), _shapes(new)
        more_alpha, more_beta = alpha - moved, beta - changed
        apart = _log_beta(moved, changed) - _log_beta(alpha, beta)
        apart = apart + more_alpha * alpha.digamma() + more_beta * beta.digamma()
        return (apart - (more_alpha + more_beta) * (alpha + beta).digamma()).sum(-1)

    def to_environment(self, action: Array) -> Array:
        given: Array = np.add(self._low, np.multiply(self._width, action))
        return given

    def _excesses(self, out: Floats) -> tuple[Doubles, Doubles]:
        """alpha - 1 and beta - 1, above 0."""
        both = np.maximum(np.logaddexp(0.0, out.astype(np.float64)), np.finfo(np.float64).tiny)
        return both[..., : self.size], both[..., self.size :]


def _shapes(out: Tensor) -> tuple[Tensor, Tensor]:
    """alpha, beta."""
    u, v = out.chunk(2, -1)
    return 1 + functional.softplus(u), 1 + functional.softplus(v)


def _log_beta(alpha: Tensor, beta: Tensor) -> Tensor:
    """log B(alpha, beta)."""
    return alpha.lgamma() + beta.lgamma() - (alpha + beta).lgamma()

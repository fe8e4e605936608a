"""Distributions over actions, as functions of the actor's output: categorical and diagonal Gaussian."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from envs.api import Box, Discrete, Floats

ILLEGAL = -1e9  # finite, so that 0 * log p of an illegal action is 0 and not NaN


class Head(Protocol):
    """Reads an actor's output [..., outputs]; every method is elementwise over the leading axes."""

    outputs: int

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Random numbers for `shape` actions."""

    def sample(self, out: Tensor, noise: Tensor) -> Tensor: ...

    def mode(self, out: Tensor) -> Tensor: ...

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor: ...

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]: ...

    def score_square(self, out: Tensor, action: Tensor) -> Tensor:
        """|grad log pi(a)|^2 with respect to `out`."""

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        """KL(pi_old || pi_new) [...] of two outputs."""


class Categorical:
    """pi(a) = softmax(out)_a, sampled by inverting the cumulative sum at one uniform number an action."""

    def __init__(self, space: Discrete) -> None:
        self.outputs = space.n

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return rng.random(shape, dtype=np.float32)

    def sample(self, out: Tensor, noise: Tensor) -> Tensor:
        cumulative = out.softmax(-1).cumsum(-1)
        # (1 - 1e-6): rounding must never carry the threshold to the total, past the last legal action
        threshold = noise[..., None] * cumulative[..., -1:] * (1 - 1e-6)
        return (cumulative <= threshold).sum(-1)

    def mode(self, out: Tensor) -> Tensor:
        return out.argmax(-1)

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor:
        return out.log_softmax(-1).gather(-1, action[..., None]).squeeze(-1)

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        logp = out.log_softmax(-1)
        return logp.gather(-1, action[..., None]).squeeze(-1), -(logp.exp() * logp).sum(-1)

    def score_square(self, out: Tensor, action: Tensor) -> Tensor:
        p = out.softmax(-1)  # the score is e_a - p
        return 1 - 2 * p.gather(-1, action[..., None]).squeeze(-1) + (p * p).sum(-1)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        logp = old.log_softmax(-1)
        return (logp.exp() * (logp - new.log_softmax(-1))).sum(-1)


class Gaussian:
    """Independent normals; out = (mean, log standard deviation). The environment clips, the density does not."""

    def __init__(self, space: Box) -> None:
        self.size = space.size
        self.outputs = 2 * space.size

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return rng.standard_normal((*shape, self.size), dtype=np.float32)

    def sample(self, out: Tensor, noise: Tensor) -> Tensor:
        mean, log_std = out.chunk(2, -1)
        return mean + log_std.exp() * noise

    def mode(self, out: Tensor) -> Tensor:
        return out.chunk(2, -1)[0]

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor:
        mean, log_std = out.chunk(2, -1)
        z = (action - mean) * (-log_std).exp()
        return (-0.5 * z * z - log_std - 0.5 * math.log(2 * math.pi)).sum(-1)

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        log_std = out.chunk(2, -1)[1]
        return self.log_prob(out, action), (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)

    def score_square(self, out: Tensor, action: Tensor) -> Tensor:
        mean, log_std = out.chunk(2, -1)
        z = (action - mean) * (-log_std).exp()  # scores z / std of the mean and z^2 - 1 of log std
        return ((z * (-log_std).exp()) ** 2 + (z * z - 1) ** 2).sum(-1)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        (mean, log_std), (moved, changed) = old.chunk(2, -1), new.chunk(2, -1)
        variances = (2 * (log_std - changed)).exp()
        away = ((mean - moved) * (-changed).exp()) ** 2
        return (0.5 * (variances + away - 1) + changed - log_std).sum(-1)


def head_for(space: Discrete | Box) -> Head:
    """Categorical for Discrete, Gaussian for Box."""
    return Categorical(space) if isinstance(space, Discrete) else Gaussian(space)


def masked(out: Tensor, action_mask: Tensor | None) -> Tensor:
    """Logits with illegal actions out of reach."""
    return out if action_mask is None else torch.where(action_mask, out, ILLEGAL)


def epsilon_greedy(values: Tensor, epsilon: float | Tensor) -> Tensor:
    """log pi(a|s) [..., V] of action values, pi = epsilon / V + (1 - epsilon) [a is the first of the best]."""
    best = torch.zeros_like(values).scatter_(-1, values.argmax(-1, keepdim=True), 1.0)
    chance = epsilon / values.shape[-1] + (1 - epsilon) * best
    return torch.where(chance > 0, chance.log(), ILLEGAL)

"""Distributions over actions as functions of the actor's output: categorical, and Gaussian, squashed or not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from algorithms.policies.beta import Beta
from envs.api import Array, Box, Discrete, Floats

FEW_ACTIONS = 16  # up to so many, torch is several times as fast along the first axis: it computes many rows at once
ILLEGAL = -1e9  # finite, so that 0 * log p of an illegal action is 0 and not NaN


Actions = Literal["raw", "scaled", "squashed", "beta"]


class Head(Protocol):
    """Reads an actor's output [..., outputs]; every method is elementwise over the leading axes.

    Actions are drawn in NumPy; densities are torch's, since gradients go through them. Actions are recorded as the policy
    samples them. `to_environment` maps an action to that of the environment, and densities and entropies refer to the
    latter.

    network_outputs  how many of the outputs a network makes. The others are log standard deviations, which are parameters
    """

    outputs: int
    network_outputs: int

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Random numbers for `shape` actions."""

    def sample(self, out: Floats, noise: Floats) -> Array: ...

    def mode(self, out: Floats) -> Array: ...

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor: ...

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]: ...

    def score_norm_sq(self, out: Tensor, action: Tensor) -> Tensor:
        """|grad log pi(a)|^2 with respect to `out`."""

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        """KL(pi_old || pi_new) [...] of two outputs."""

    def to_environment(self, action: Array) -> Array:
        """The environment's action [...] for an action of the policy."""


def softmax(out: Tensor) -> Tensor:
    """exp(out_a) / sum_b exp(out_b) over the last axis."""
    return out.softmax(-1) if out.shape[-1] > FEW_ACTIONS else out.movedim(-1, 0).softmax(0).movedim(0, -1)


def log_softmax(out: Tensor) -> Tensor:
    """The logarithm of `softmax`."""
    return out.log_softmax(-1) if out.shape[-1] > FEW_ACTIONS else out.movedim(-1, 0).log_softmax(0).movedim(0, -1)


class Categorical:
    """pi(a) = softmax(out)_a, sampled by inverting the cumulative sum at one uniform number per action."""

    def __init__(self, space: Discrete) -> None:
        self.outputs = self.network_outputs = space.n

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return rng.random(shape, dtype=np.float32)

    def sample(self, out: Floats, noise: Floats) -> Array:
        # a copy [V, rows]: V is small, so rows are the inner axis
        logits = np.array(out.reshape(-1, self.outputs).T, order="C")
        logits -= logits.max(0)
        cumulative = np.exp(logits, out=logits).cumsum(0, out=logits)
        # (1 - 1e-6): rounding must not raise the threshold to the total, past the last legal action
        threshold = noise.reshape(-1) * cumulative[-1] * np.float32(1 - 1e-6)
        drawn: Array = (cumulative <= threshold).sum(0).reshape(noise.shape)
        return drawn

    def mode(self, out: Floats) -> Array:
        return out.argmax(-1)

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor:
        return log_softmax(out).gather(-1, action[..., None]).squeeze(-1)

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        logp = log_softmax(out)
        return logp.gather(-1, action[..., None]).squeeze(-1), -(logp.exp() * logp).sum(-1)

    def score_norm_sq(self, out: Tensor, action: Tensor) -> Tensor:
        p = softmax(out)  # the score is e_a - p
        return 1 - 2 * p.gather(-1, action[..., None]).squeeze(-1) + (p * p).sum(-1)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        logp = log_softmax(old)
        return (logp.exp() * (logp - log_softmax(new))).sum(-1)

    def to_environment(self, action: Array) -> Array:
        return action


class Gaussian:
    """Independent normals; out = (mean, log standard deviation). The density ignores that the environment clips."""

    def __init__(self, space: Box) -> None:
        self.size = self.network_outputs = space.size
        self.outputs = 2 * space.size

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return rng.standard_normal((*shape, self.size), dtype=np.float32)

    def sample(self, out: Floats, noise: Floats) -> Array:
        drawn: Array = out[..., : self.size] + np.exp(out[..., self.size :]) * noise
        return drawn

    def mode(self, out: Floats) -> Array:
        return out[..., : self.size].copy()

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor:
        mean, log_std = out.chunk(2, -1)
        z = (action - mean) * (-log_std).exp()
        return (-0.5 * z * z - log_std - 0.5 * math.log(2 * math.pi)).sum(-1)

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        log_std = out.chunk(2, -1)[1]
        return self.log_prob(out, action), (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)

    def score_norm_sq(self, out: Tensor, action: Tensor) -> Tensor:
        mean, log_std = out.chunk(2, -1)
        z = (action - mean) * (-log_std).exp()  # scores z / std of the mean and z^2 - 1 of log std
        return ((z * (-log_std).exp()) ** 2 + (z * z - 1) ** 2).sum(-1)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        (mean, log_std), (moved, changed) = old.chunk(2, -1), new.chunk(2, -1)
        variances = (2 * (log_std - changed)).exp()
        away = ((mean - moved) * (-changed).exp()) ** 2
        return (0.5 * (variances + away - 1) + changed - log_std).sum(-1)

    def to_environment(self, action: Array) -> Array:
        return action


class Scaled(Gaussian):
    """Normals u in units of the box, a = centre + half u: u in [-1, 1] spans it. The environment clips a.

    The map has no parameters, so scores and KL are those of u.
    """

    def __init__(self, space: Box) -> None:
        super().__init__(space)
        low, high = np.array(space.low, np.float32), np.array(space.high, np.float32)
        self._centre, self._half = (high + low) / 2, (high - low) / 2
        self._log_volume = float(np.log(self._half, dtype=np.float64).sum())  # of da / du

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor:
        return super().log_prob(out, action) - self._log_volume

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        logp, entropy = super().log_prob_entropy(out, action)  # calls the log_prob above
        return logp, entropy + self._log_volume

    def to_environment(self, action: Array) -> Array:
        given: Array = np.add(self._centre, np.multiply(self._half, action))
        return given


class Squashed(Scaled):
    """a = centre + half tanh(u) for normals u: never outside the box (Haarnoja et al. 2018, appendix C).

        log pi(a) = log N(u) - sum log(1 - tanh(u)^2) - sum log half

    u is recorded, so tanh is never inverted. 1 - tanh(u)^2 is computed without cancellation, so it needs no epsilon.
    `mode` is the mode of u. The entropy has no closed form. Its estimate is the exact entropy of the normal plus
    sum log(1 - tanh(u)^2) at the sampled action, as a function of the parameters through u = mu + sigma xi. Both
    estimate and gradient are unbiased, whereas -log pi(a) at a fixed a has a gradient of mean 0.
    """

    def log_prob(self, out: Tensor, action: Tensor) -> Tensor:
        return super().log_prob(out, action) - log_slope(action).sum(-1)

    def log_prob_entropy(self, out: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        logp, entropy = super().log_prob_entropy(out, action)
        mean, log_std = out.chunk(2, -1)
        drawn = ((action - mean) * (-log_std).exp()).detach()
        return logp, entropy + log_slope(mean + log_std.exp() * drawn).sum(-1)

    def to_environment(self, action: Array) -> Array:
        return super().to_environment(np.tanh(action))


def log_slope(u: Tensor) -> Tensor:
    """log(1 - tanh(u)^2) = 2 (log 2 - u - log(1 + exp(-2u)))."""
    return 2 * (math.log(2) - u - functional.softplus(-2 * u))


def head_for(space: Discrete | Box, actions: Actions = "raw") -> Head:
    """Categorical for Discrete; for Box a Beta, or a Gaussian: raw, in units of the box (scaled), or squashed."""
    if isinstance(space, Discrete):
        return Categorical(space)
    heads: dict[Actions, Callable[[Box], Head]] = {
        "raw": Gaussian,
        "scaled": Scaled,
        "squashed": Squashed,
        "beta": Beta,
    }
    return heads[actions](space)


def masked(out: Tensor, action_mask: Tensor | None) -> Tensor:
    """Logits with ILLEGAL for illegal actions."""
    return out if action_mask is None else torch.where(action_mask, out, ILLEGAL)


def epsilon_greedy(values: Tensor, epsilon: float | Tensor) -> Tensor:
    """log pi(a|s) [..., V] of action values, pi = epsilon / V + (1 - epsilon) [a is the first maximum]."""
    best = torch.zeros_like(values).scatter_(-1, values.argmax(-1, keepdim=True), 1.0)
    chance = epsilon / values.shape[-1] + (1 - epsilon) * best
    return torch.where(chance > 0, chance.log(), ILLEGAL)

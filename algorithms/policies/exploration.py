"""Exploration with continuous actions: independent or state-dependent noise. Also the random numbers for acting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.policies.api import Acting
from algorithms.policies.population import constant
from algorithms.tunable import Choice, Context, Number, Range, tunable
from envs.api import Bools, Box, Floats

CHUNK = 16  # steps whose noise is drawn at once
EPSILON = 1e-6  # added to a variance that vanishes with z(s), as in stable-baselines3


def continuous(owner: Any, context: Context) -> bool:
    """Whether actions are real numbers; a condition (`when`) for search ranges."""
    return isinstance(context.spec.action, Box)


@dataclass(frozen=True)
class Independent:
    """a = mu(s) + sigma xi with new standard normals xi at every step; sigma does not depend on the state."""


@dataclass(frozen=True)
class GSDE:
    """Generalised state-dependent exploration: a = mu(s) + theta' z(s), z(s) the actor's last hidden layer.

    theta [H, A] ~ N(0, sigma^2) is drawn for each environment at the start of a rollout (an episode or a window) and,
    if sample_freq > 0, after every `sample_freq` steps. In between, equal states get equal noise. A single step is
    normal:

        log pi(a|s) = log N(a; mu(s), sum_h z_h(s)^2 sigma_h^2 + EPSILON)

    Learning uses this density. Raffin, Kober, Stulp (2021), Smooth exploration for robotic reinforcement learning,
    eqs. 2-7; stable-baselines3's StateDependentNoiseDistribution.

    initial_log_std  initial log sigma                full_std  a sigma for every (h, action), else one for every h
    learn_features   whether gradients of the variance reach z
    """

    initial_log_std: Number = tunable(-2.0, Range(-4, 1), when=continuous)
    sample_freq: int = tunable(-1, Choice((-1, 4, 16, 64)), when=continuous)
    full_std: bool = True
    learn_features: bool = False

    def __post_init__(self) -> None:
        if self.sample_freq != -1 and self.sample_freq < 1:
            raise ValueError(f"sample_freq must be -1 (once a rollout) or 1 at least, not {self.sample_freq}")

    def parameter(self, members: int, hidden: int, actions: int) -> nn.Parameter:
        """log sigma [P, H, A], or [P, H, 1]."""
        return constant(members, (hidden, actions if self.full_std else 1), self.initial_log_std)

    def log_std(self, z: Tensor, log_sigma: Tensor) -> Tensor:
        """Log standard deviation of an action [P, M, A] (or [P, M, 1]) at z [P, M, H]."""
        z = z if self.learn_features else z.detach()
        return 0.5 * (torch.bmm(z * z, (2 * log_sigma).exp()) + EPSILON).log()

    def deviation(self, z: Tensor, log_sigma: Tensor, drawn: Tensor) -> Tensor:
        """theta' z [P, N, A] at z [P, N, H], with standard normals `drawn` [P, N, H, A] and theta = sigma drawn."""
        theta = log_sigma.exp()[:, None] * drawn
        return (z[:, :, None] @ theta).squeeze(2)


Exploration = Independent | GSDE


class ActingNoise:
    """Random numbers for acting; each member has its own generator.

    A member draws a chunk only while one of its own episodes runs, so its numbers never depend on other members. Noise
    that lasts for several steps is drawn one by one.
    """

    def __init__(self, policy: Acting, generators: list[np.random.Generator], envs: int) -> None:
        self._policy, self._generators, self._envs = policy, generators, envs
        self._lasts = policy.steps_per_noise
        self._draws = CHUNK if self._lasts == 1 else 1
        self._t, self._chunk = 0, np.zeros(0, np.float32)

    def start(self) -> None:
        """A new rollout begins."""
        self._t = 0

    def next(self, active: Bools) -> Floats:
        """Noise [P, N, ...] for the next step; `active` [P, N] says which environments still act."""
        if self._t % (self._draws * self._lasts) == 0:
            shape = (self._draws, self._envs)
            running: Bools = np.asarray(active.any(1))
            drawn = [
                self._policy.noise(g, shape) if on else None for g, on in zip(self._generators, running, strict=True)
            ]
            blank = np.zeros_like(next(d for d in drawn if d is not None))
            self._chunk = np.stack([blank if d is None else d for d in drawn], 1)  # [draws, P, N, ...]
        self._t += 1
        chosen: Floats = self._chunk[(self._t - 1) // self._lasts % self._draws]
        return chosen

"""The policy of a stable-baselines3 model as a population of one, for evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.api import Memory
from algorithms.policies.distributions import epsilon_greedy, head_for
from algorithms.policies.prefixes import Prefixes
from envs.api import Array, Floats, Spec, Transcript
from envs.text_mdp import PAD

NEARLY_1 = 1 - 1e-6  # the largest epsilon at which the likeliest action is the best one
HeadInputs = Callable[[Tensor], Tensor]  # observations [M, ...] -> head inputs [M, O]


class Sb3Policy:
    """A model of stable-baselines3 as a population of one. It was trained without action masks, so none is applied."""

    members = 1
    steps_per_noise = 1

    def __init__(self, spec: Spec, read: HeadInputs) -> None:
        self.head, self.read = head_for(spec.action), read
        observation = spec.observation
        self._length = observation.length if isinstance(observation, Transcript) else 0
        self._positions = observation.action_position if isinstance(observation, Transcript) else ()

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        return self.head.noise(rng, shape)

    def choose(
        self, obs: Tensor, memory: Memory, action_mask: Tensor | None, noise: Floats | None
    ) -> tuple[Tensor, Array, Memory]:
        out, memory = self.act(obs, memory, action_mask)
        read = out.numpy(force=True)
        return out, self.head.mode(read) if noise is None else self.head.sample(read, noise), memory

    def dense_layers(self) -> None:
        """None: the model acts itself."""

    def act(self, obs: Tensor, memory: Memory, action_mask: Tensor | None) -> tuple[Tensor, Memory]:
        if not self._length:
            return self.read(obs[0])[None], None
        written = obs[:, 0] if memory is None else torch.cat([memory, obs[:, 0]])  # [tokens so far, N]
        return self._read(written)[None], written

    def outputs(self, obs: Tensor, action_mask: Tensor | None, steps: int) -> Tensor:
        if not self._length:
            return torch.stack([self.read(row[0])[None] for row in obs])
        return torch.stack([self._read(obs[: p + 1, 0])[None] for p in self._positions[:steps]])

    def at_prefixes(self, prefixes: Prefixes, action_mask: Tensor | None) -> Tensor:
        return self.read(prefixes.padded().T)[None]

    def select_members(self, indices: np.ndarray) -> Sb3Policy:
        """The policy itself: the population has one member."""
        return self

    def _read(self, written: Tensor) -> Tensor:
        """Head inputs for tokens [l, N], padded to the full length on which the model was trained."""
        missing = written.new_full((self._length - len(written), written.shape[1]), PAD)
        return self.read(torch.cat([written, missing]).T)


def make_reader(model: Any, normalise: Callable[[Any], Any] | None) -> HeadInputs:
    """The head inputs of a model: logits, mean and log standard deviation, or log-probabilities of epsilon-greedy.

    With state-dependent exploration the deviation is that of the action at this state, with new noise at every step. The
    model itself keeps its noise for some steps (sde_sample_freq), so sampled episodes differ slightly; greedy ones do not.
    normalise  the normalisation of observations by the model's environment
    """

    @torch.no_grad()
    def read(obs: Tensor) -> Tensor:
        seen = obs if normalise is None else torch.from_numpy(normalise(obs.numpy()))
        model.policy.set_training_mode(False)
        if hasattr(model, "exploration_rate"):
            begins = model.num_timesteps < model.learning_starts  # until then it acts uniformly
            return epsilon_greedy(model.q_net(seen), min(1.0 if begins else model.exploration_rate, NEARLY_1))
        distribution = model.policy.get_distribution(seen).distribution
        logits = getattr(distribution, "logits", None)
        return torch.cat([distribution.mean, distribution.stddev.log()], -1) if logits is None else logits

    return read

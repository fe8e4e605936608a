"""A saved policy: its actions and their log-probabilities for raw observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms.algorithm import Algorithm
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.observation_normaliser import Normaliser
from algorithms.training_config import TrainingConfig
from envs.api import Array, Bools, Box, Image, Task, Transcript


@dataclass(frozen=True)
class SavedPolicy:
    """A policy as it was when its final scores were taken, a population of one.

    scores  eval_return, eval_return_greedy, env_steps, updates, measures      meta  the file's metadata
    """

    task: Task
    algorithm: Algorithm
    training: TrainingConfig
    policy: ActorCritic
    normaliser: Normaliser
    seed: int
    scores: dict[str, Any]
    meta: dict[str, Any]

    def act(self, obs: Array, action_mask: Bools | None = None, rng: np.random.Generator | None = None) -> Array:
        """Actions for raw observations, one [...] or several [N, ...]; sampled with `rng`, greedy without it.

        obs  a vector, an image, or a transcript as far as it is written (rows of one step)      action_mask  [V] or [N, V]
        Continuous actions are clipped to what the environment takes.
        """
        inputs, legal, single = self._read(obs, action_mask)
        count = inputs.shape[-1] if self.policy.reads_text else inputs.shape[1]
        noise = None if rng is None else self.policy.noise(rng, (1, count))
        with torch.no_grad():
            _, chosen, _ = self.policy.choose(inputs, None, legal, noise)
        action = self.policy.head.to_environment(chosen[0])
        space = self.task.spec.action
        if isinstance(space, Box):
            action = np.clip(action, space.low, space.high).astype(np.float32)
        return action[0] if single else action

    @torch.no_grad()
    def log_prob(self, obs: Array, action: Array, action_mask: Bools | None = None) -> Array:
        """log pi(action | obs), [] or [N]; a continuous action is one that was not clipped, as the head draws it."""
        inputs, legal, single = self._read(obs, action_mask)
        out, _ = self.policy.act(inputs, None, legal)
        taken = torch.from_numpy(np.asarray(action)[None, None] if single else np.asarray(action)[None]).to(out.device)
        logp: Array = self.policy.head.log_prob(out, taken)[0].cpu().numpy()
        return logp[0] if single else logp

    def _read(self, obs: Array, action_mask: Bools | None) -> tuple[Tensor, Tensor | None, bool]:
        """(what the policy reads of N observations, which of their actions are legal, whether one was given)."""
        single = np.ndim(obs) == (3 if isinstance(self.task.spec.observation, Image) else 1)
        batch = np.asarray(obs)[None] if single else np.asarray(obs)
        mask = None if action_mask is None else np.asarray(action_mask, np.bool_).reshape(1, len(batch), -1)
        if isinstance(self.task.spec.observation, Transcript):
            inputs: Array = _written(batch, self.task.spec.observation).T[:, None].astype(np.int64)  # [K, 1, N]
        elif isinstance(self.task.spec.observation, Image):
            inputs = batch[None]  # [1, N, C, H, W]
        else:
            inputs = self.normaliser(batch[None].astype(np.float32, copy=False))  # [1, N, F]
        device = self.policy.flat.values.device
        legal = None if mask is None else torch.from_numpy(mask).to(device)
        return torch.from_numpy(np.ascontiguousarray(inputs)).to(device), legal, single


def _written(transcript: Array, observation: Transcript) -> Array:
    """The visible part of transcripts [N, L] before the next action; all are at one step."""
    newest = int(np.flatnonzero(transcript.any(0)).max(initial=0))
    position = next((p for p in observation.action_position[:-1] if p >= newest), None)
    if position is None:
        raise ValueError("the transcript is complete: no action follows")
    return transcript[:, : position + 1]

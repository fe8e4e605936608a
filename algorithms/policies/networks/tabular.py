"""One row of logits for each state of an enumerable text MDP, without generalisation, as in the theory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.policies.api import Memory, Net
from algorithms.policies.population import constant
from algorithms.policies.prefixes import Prefixes
from envs.api import Ints, Observation, Transcript
from envs.enumeration import enumerate_episodes
from envs.text_mdp import TextMDP

MULTIPLIER = 6_364_136_223_846_793_005  # of the 64-bit polynomial hash of a transcript (Knuth's MMIX)


class TabularNet(nn.Module):
    """A table [P, states + 1, outputs], initially 0 (the uniform policy). The last row is for all other transcripts."""

    states: Tensor

    def __init__(self, states: Ints, outputs: int, members: int) -> None:
        super().__init__()
        self.register_buffer("states", torch.from_numpy(states))
        self.table = constant(members, (len(states) + 1, outputs))

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        h = torch.zeros_like(obs[0]) if memory is None else memory
        for tokens in obs:  # [K, P, N]
            h = h * MULTIPLIER + tokens + 1
        return self._read(h), h

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        return torch.stack([self._read(h) for h in self._hashes(obs, positions)])

    def at_prefixes(self, prefixes: Prefixes) -> Tensor:
        h, hashes = self.states.new_zeros(1), []
        for token, parent in prefixes.levels:
            h = h[parent] * MULTIPLIER + token + 1
            hashes.append(h)
        return self._read(torch.cat(hashes)[prefixes.node].expand(len(self.table), -1))

    def _hashes(self, obs: Tensor, positions: tuple[int, ...]) -> list[Tensor]:
        """Hashes [P, N] of the transcripts up to each of these positions."""
        h, hashes = torch.zeros_like(obs[0]), []
        for tokens in obs[: max(positions) + 1]:
            h = h * MULTIPLIER + tokens + 1
            hashes.append(h)
        return [hashes[i] for i in positions]

    def _place(self, h: Tensor) -> Tensor:
        """The row of each hash [P, N]; the last row if it is no state."""
        h = h.contiguous()
        place = torch.searchsorted(self.states, h).clamp(max=len(self.states) - 1)
        return torch.where(self.states[place] == h, place, len(self.states))

    def _read(self, h: Tensor) -> Tensor:
        """[P, N] -> [P, N, outputs]"""
        return self.table[torch.arange(len(h), device=h.device)[:, None], self._place(h)]


@dataclass(frozen=True)
class Tabular:
    """A table over the states of `mdp`, the transcripts up to an action. TooManyEpisodes if there are too many."""

    form: ClassVar[type[TabularNet]] = TabularNet

    mdp: TextMDP

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if observation != self.mdp.spec.observation:
            raise ValueError(f"this table is of {type(self.mdp).__name__}, and the task observes something else")
        return self.form(self.states(), outputs, len(generators))

    def states(self) -> Ints:
        """Sorted hashes of all transcripts after which an action is chosen or an episode ends."""
        transcripts = enumerate_episodes(self.mdp).transcript
        place, found, distinct = 0, [], 0
        h = np.zeros(len(transcripts), np.int64)
        observation = self.mdp.spec.observation
        assert isinstance(observation, Transcript)
        for position in observation.action_position:
            for column in transcripts.T[place : position + 1]:
                h = h * np.int64(MULTIPLIER) + column + 1
            place = position + 1
            found.append(np.unique(h))
            distinct += len(np.unique(transcripts[:, :place], axis=0))
        states = np.unique(np.concatenate(found))
        if len(states) != distinct:
            raise ValueError(f"two of the {distinct} states of {type(self.mdp).__name__} share a hash")
        return states

"""Logits linear in the tokens of a text and their places: the least that generalises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from algorithms.policies.api import Memory, Net
from algorithms.policies.population import constant
from algorithms.policies.prefixes import Prefixes
from envs.api import Observation, Transcript


class LinearNet(nn.Module):
    """Weights [P, L V, O] of each token at each position, and a bias [P, 1, O], initially 0: the uniform policy.

    out_t = bias + sum_{j <= t} W[j, token_j]
    """

    def __init__(self, observation: Transcript, outputs: int, members: int) -> None:
        super().__init__()
        self.vocabulary = observation.vocabulary
        self.weight = constant(members, (observation.length * observation.vocabulary, outputs))
        self.bias = constant(members, (1, outputs))

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        start, total = (0, self.bias) if memory is None else memory
        total = total + self._read(obs, start).sum(0)
        return total, (start + len(obs), total)

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        totals = self._read(obs[: max(positions) + 1], 0).cumsum(0)
        return self.bias + totals[list(positions)]

    def at_prefixes(self, prefixes: Prefixes) -> Tensor:
        total: Tensor = self.bias
        totals: list[Tensor] = []
        for position, (token, parent) in enumerate(prefixes.levels):
            total = total[:, parent] + self.weight[:, position * self.vocabulary + token]
            totals.append(total)
        return torch.cat(totals, 1)[:, prefixes.node]

    def _read(self, tokens: Tensor, start: int) -> Tensor:
        """Weights [K, P, N, O] of the tokens [K, P, N], the first of which is at position `start`."""
        places = torch.arange(start, start + len(tokens), device=tokens.device)[:, None, None]
        members = torch.arange(len(self.weight), device=tokens.device)[:, None]
        return self.weight[members, places * self.vocabulary + tokens]


@dataclass(frozen=True)
class Linear:
    """A linear policy over texts (one-hot tokens by position), as in the theory of linear function approximation."""

    form: ClassVar[type[LinearNet]] = LinearNet

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if not isinstance(observation, Transcript):
            raise ValueError("Linear reads token transcripts; this task has none: use MLP, or NatureCNN for images")
        return self.form(observation, outputs, len(generators))

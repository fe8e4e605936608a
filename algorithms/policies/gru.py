"""Gated recurrent unit over transcripts: the default policy for text tasks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from algorithms.policies.api import Memory, Net
from algorithms.policies.gru_tree import GRUTree
from algorithms.policies.population import constant, orthogonal
from algorithms.policies.prefixes import Prefixes
from algorithms.tunable import Choice, tunable
from envs.api import Observation, Transcript


@dataclass(frozen=True)
class GRU:
    """One recurrent layer of `width` units reading one-hot tokens (Cho et al. 2014; gates as torch.nn.GRU)."""

    width: int = tunable(64, Choice((16, 32, 64)))

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width must be at least 1, not {self.width}")

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if not isinstance(observation, Transcript):
            raise ValueError("a GRU reads token transcripts; this task has none: use MLP, or NatureCNN for images")
        return GRUNet(observation.vocabulary, self.width, outputs, gain, generators)


def _gates(shape: tuple[int, int], gain: float, generators: list[torch.Generator]) -> nn.Parameter:
    """[P, in, 3 H]: the matrices of r, z and n, concatenated; each is orthogonal."""
    return nn.Parameter(torch.cat([orthogonal(shape, gain, generators).detach() for _ in range(3)], -1))


class GRUNet(nn.Module):
    """h' = n + z (h - n);  r, z = sigmoid(W x + U h),  n = tanh(W x + r * (U h))."""

    def __init__(
        self, vocabulary: int, width: int, outputs: int, gain: float, generators: list[torch.Generator]
    ) -> None:
        super().__init__()
        p = len(generators)
        self.width, self.vocabulary = width, vocabulary
        # the product of a one-hot token with W is a row of W: a table look-up
        self.table = _gates((vocabulary, width), 1.0, generators)
        self.recurrent = _gates((width, width), 1.5, generators)
        self.bias = constant(p, (1, 3 * width))
        # r starts near 1 and z near 0, so each token rotates h by an orthogonal matrix and h encodes their order; with
        # torch's zeros h is nearly a sum of tokens, and on copying even the exact gradient stops at .77
        self.bias.data[..., :width] = 2.0
        self.bias.data[..., width : 2 * width] = -2.0
        self.readout = orthogonal((width, outputs), gain, generators)
        self.readout_bias = constant(p, (1, outputs))

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        _, p, n = obs.shape  # [K, P, N]
        h = obs.new_zeros(p, n, self.width, dtype=self.table.dtype) if memory is None else memory
        for x in self._inputs(obs):
            h = self._cell(x, h)
        return torch.baddbmm(self.readout_bias, h, self.readout), h

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        _, p, n = obs.shape  # [L, P, N]
        h = obs.new_zeros(p, n, self.width, dtype=self.table.dtype)
        states = []
        for x in self._inputs(obs[: max(positions) + 1]):
            h = self._cell(x, h)
            states.append(h)
        picked = torch.stack([states[i] for i in positions], 1)  # [P, T, N, H]
        out = torch.baddbmm(self.readout_bias, picked.reshape(p, -1, self.width), self.readout)
        return out.reshape(p, len(positions), n, -1).transpose(0, 1)

    def at_prefixes(self, prefixes: Prefixes) -> Tensor:
        states = GRUTree.apply(self.table + self.bias, self.recurrent, prefixes.levels)  # type: ignore[no-untyped-call]
        picked = states.index_select(1, prefixes.node)  # [P, C, H]
        return torch.baddbmm(self.readout_bias, picked, self.readout)

    def _inputs(self, tokens: Tensor) -> Tensor:
        """[K, P, N] -> [K, P, N, 3H]"""
        p = tokens.shape[1]
        offset = torch.arange(p, device=tokens.device)[:, None] * self.vocabulary
        rows = (self.table + self.bias).reshape(p * self.vocabulary, -1)
        return functional.embedding(tokens + offset, rows)

    def _cell(self, x: Tensor, h: Tensor) -> Tensor:
        u = torch.bmm(h, self.recurrent)  # [P, N, 3H]
        w = 2 * self.width
        r, z = (x[..., :w] + u[..., :w]).sigmoid().chunk(2, -1)
        n = torch.addcmul(x[..., w:], r, u[..., w:]).tanh()
        return torch.lerp(n, h, z)

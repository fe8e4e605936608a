"""Causal transformer over transcripts, with cached keys and values when acting."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from algorithms.policies.api import Memory, Net
from algorithms.policies.population import constant, orthogonal
from algorithms.policies.prefixes import Prefixes
from envs.api import Observation, Transcript


@dataclass(frozen=True)
class Transformer:
    """Pre-norm decoder with learned positions (Radford et al. 2019, without dropout)."""

    width: int = 64
    layers: int = 2
    heads: int = 4

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} cannot be split into {self.heads} heads")

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if not isinstance(observation, Transcript):
            raise ValueError(
                "a Transformer reads token transcripts; this task has none: use MLP, or NatureCNN for images"
            )
        return TransformerNet(observation, self, outputs, gain, generators)


class _Block(nn.Module):
    """x + attention(norm x), then x + MLP(norm x); weights [P, in, out]."""

    def __init__(self, width: int, heads: int, depth: int, generators: list[torch.Generator]) -> None:
        super().__init__()
        p, self.heads = len(generators), heads
        out_gain = (2 * depth) ** -0.5  # residual branches shrink with depth (Radford et al. 2019, section 2.3)
        self.norm1, self.norm2 = constant(p, (1, width), 1.0), constant(p, (1, width), 1.0)
        self.shift1, self.shift2 = constant(p, (1, width)), constant(p, (1, width))
        self.qkv, self.qkv_bias = orthogonal((width, 3 * width), 1.0, generators), constant(p, (1, 3 * width))
        self.out, self.out_bias = orthogonal((width, width), out_gain, generators), constant(p, (1, width))
        self.up, self.up_bias = orthogonal((width, 4 * width), 1.0, generators), constant(p, (1, 4 * width))
        self.down, self.down_bias = orthogonal((4 * width, width), out_gain, generators), constant(p, (1, width))

    def forward(self, x: Tensor, cache: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        p, n, k, d = x.shape  # [P, N, K, D]: K new tokens
        flat = x.reshape(p, n * k, d)
        y = functional.layer_norm(flat, (d,)) * self.norm1 + self.shift1
        qkv = torch.baddbmm(self.qkv_bias, y, self.qkv).view(p * n, k, 3, self.heads, d // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # [P N, heads, K, D / heads]
        if cache is not None:
            key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
        seen = key.shape[2]
        allowed = torch.ones(k, seen, dtype=torch.bool, device=x.device).tril(seen - k)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        mixed = mixed.transpose(1, 2).reshape(p, n * k, d)
        flat = flat + torch.baddbmm(self.out_bias, mixed, self.out)
        y = functional.layer_norm(flat, (d,)) * self.norm2 + self.shift2
        y = functional.gelu(torch.baddbmm(self.up_bias, y, self.up), approximate="tanh")
        flat = flat + torch.baddbmm(self.down_bias, y, self.down)
        return flat.view(p, n, k, d), (key, value)


class TransformerNet(nn.Module):
    """Token and position embeddings [P, V, D], [P, L, D], blocks, readout."""

    def __init__(
        self,
        observation: Transcript,
        shape: Transformer,
        outputs: int,
        gain: float,
        generators: list[torch.Generator],
    ) -> None:
        super().__init__()
        p, d, self.vocabulary = len(generators), shape.width, observation.vocabulary
        self.table = orthogonal((observation.vocabulary, d), 1.0, generators)
        self.position = orthogonal((observation.length, d), 1.0, generators)
        self.blocks = nn.ModuleList(_Block(d, shape.heads, shape.layers, generators) for _ in range(shape.layers))
        self.norm, self.shift = constant(p, (1, d), 1.0), constant(p, (1, d))
        self.readout, self.readout_bias = orthogonal((d, outputs), gain, generators), constant(p, (1, outputs))

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        start, caches = (0, [None] * len(self.blocks)) if memory is None else memory
        x, kept = self._hidden(obs, start, caches)
        return self._read(x[:, :, -1]), (start + len(obs), kept)

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        x, _ = self._hidden(obs[: max(positions) + 1], 0, [None] * len(self.blocks))
        p, n, _, d = x.shape
        picked = x[:, :, list(positions)]  # [P, N, T, D]
        return self._read(picked.reshape(p, -1, d)).reshape(p, n, len(positions), -1).permute(2, 0, 1, 3)

    def at_prefixes(self, prefixes: Prefixes) -> Tensor:
        rows = prefixes.rows[:, None].expand(-1, len(self.table), -1)
        positions, which = prefixes.position.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        return self(rows, tuple(positions.tolist()))[which, :, prefixes.row].transpose(0, 1)

    def _hidden(self, tokens: Tensor, start: int, caches: list[Memory]) -> tuple[Tensor, list[Memory]]:
        k, p, _ = tokens.shape
        offset = torch.arange(p, device=tokens.device)[:, None] * self.vocabulary
        embedded = functional.embedding(tokens + offset, self.table.reshape(p * self.vocabulary, -1))  # [K, P, N, D]
        x = embedded.permute(1, 2, 0, 3) + self.position[:, None, start : start + k]
        kept = []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, new = block(x, cache)
            kept.append(new)
        return x, kept

    def _read(self, x: Tensor) -> Tensor:
        """[P, M, D] -> [P, M, O]"""
        y = functional.layer_norm(x, (x.shape[-1],)) * self.norm + self.shift
        return torch.baddbmm(self.readout_bias, y, self.readout)

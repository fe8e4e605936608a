"""A causal transformer of the Llama family, from plain tensors: RMSNorm, rotary positions, SwiGLU (Touvron et al. 2023).

Names of tensors and layers are those of Hugging Face's `LlamaForCausalLM`, whose files it reads; `Qwen2ForCausalLM`
has biases besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from envs.language.models.api import Adapter
from envs.language.models.decoder_cache import Cache, Store
from envs.validation import UsageError

EMBEDDING, LAST_NORM, READ_OUT = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"


@dataclass(frozen=True)
class DecoderConfig:
    """The shape of a decoder.

    inner    width between `up_proj` and `down_proj`     key_value_heads  divides `heads`: so many share keys and values
    theta    base of the rotary angles: position i turns pair j of a head by i theta^(-2j / head_width)
    tied     whether logits are read out with the embedding       bias  which layers add a bias: "none", "qkv" or "all"
    end      the token that ends a text
    """

    vocabulary: int = 1024
    width: int = 128
    layers: int = 4
    heads: int = 4
    key_value_heads: int = 4
    head_width: int = 32
    inner: int = 352
    context: int = 256
    theta: float = 10_000.0
    epsilon: float = 1e-5
    tied: bool = True
    bias: str = "none"
    end: int | None = 0

    def __post_init__(self) -> None:
        if self.heads % self.key_value_heads:
            raise UsageError(f"{self.heads} heads cannot share {self.key_value_heads} keys evenly")
        if self.head_width % 2:
            raise UsageError(f"head_width must be even for rotary positions, not {self.head_width}")

    @property
    def linear(self) -> dict[str, tuple[int, int]]:
        """(inputs, outputs) of the linear layers of all blocks, by name, in the order in which they run."""
        d, q, kv = self.width, self.heads * self.head_width, self.key_value_heads * self.head_width
        block = {"self_attn.q_proj": (d, q), "self_attn.k_proj": (d, kv), "self_attn.v_proj": (d, kv)}
        block |= {"self_attn.o_proj": (q, d), "mlp.gate_proj": (d, self.inner), "mlp.up_proj": (d, self.inner)}
        block |= {"mlp.down_proj": (self.inner, d)}
        return {f"model.layers.{i}.{name}": shape for i in range(self.layers) for name, shape in block.items()}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor by name."""
        norms = ("input_layernorm.weight", "post_attention_layernorm.weight")
        shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (self.vocabulary, self.width), LAST_NORM: (self.width,)}
        shapes |= {f"model.layers.{i}.{norm}": (self.width,) for i in range(self.layers) for norm in norms}
        for name, (inputs, outputs) in self.linear.items():
            shapes[f"{name}.weight"] = (outputs, inputs)
            if self.bias == "all" or (self.bias == "qkv" and name.endswith(("q_proj", "k_proj", "v_proj"))):
                shapes[f"{name}.bias"] = (outputs,)
        return shapes if self.tied else shapes | {READ_OUT: (self.vocabulary, self.width)}


class Decoder:
    """A `CausalModel`. Its tensors are not parameters of a module: nothing collects, stacks or copies them.

    With tensors that require a gradient it is trained as any function of them:
    `Decoder(config, {name: x.clone().requires_grad_() for name, x in decoder.tensors.items()})`.
    """

    def __init__(self, config: DecoderConfig, tensors: Mapping[str, Tensor]) -> None:
        wrong = [
            f"{name} {tuple(tensors[name].shape) if name in tensors else '(missing)'}, not {shape}"
            for name, shape in config.shapes.items()
            if name not in tensors or tuple(tensors[name].shape) != shape
        ]
        if wrong:
            raise UsageError(f"{len(wrong)} tensors do not fit the configuration; the first: {wrong[0]}")
        self.config = config
        self.tensors = {name: tensors[name] for name in config.shapes}

    def __deepcopy__(self, memo: dict[int, Any]) -> Decoder:
        return self

    @property
    def vocabulary(self) -> int:
        return self.config.vocabulary

    @property
    def context(self) -> int:
        return self.config.context

    @property
    def width(self) -> int:
        return self.config.width

    @property
    def end(self) -> int | None:
        return self.config.end

    @property
    def layers(self) -> Mapping[str, tuple[int, int]]:
        return self.config.linear

    def hidden(
        self, tokens: Tensor, valid: Tensor, cache: Cache | None = None, adapter: Adapter | None = None
    ) -> tuple[Tensor, Cache]:
        valid = valid if cache is None else torch.cat([cache.valid, valid], 1)  # [M, S]
        k, s = tokens.shape[1], valid.shape[1]
        if s > self.context:
            raise ValueError(f"a text of {s} tokens is longer than the context of {self.context}")
        position = (valid.cumsum(1) - 1).clamp(min=0)[:, s - k :]
        cos, sin = (turn[position][:, None] for turn in self._angles(s))  # [M, 1, K, head_width / 2]
        index = torch.arange(s, device=tokens.device)
        query = index[s - k :, None]
        # padding reads itself alone: a row of nothing would be NaN
        allowed = (valid[:, None] & (index <= query)) | (index == query)  # [M, K, S]
        allowed = allowed.repeat(1, self.config.heads // self.config.key_value_heads, 1)[:, None]
        x = functional.embedding(tokens, self.tensors[EMBEDDING])
        stores = []
        for i in range(self.config.layers):
            y = self._norm(f"model.layers.{i}.input_layernorm.weight", x)
            past = None if cache is None else cache.stores[i]
            y, store = self._attention(f"model.layers.{i}.self_attn", y, (cos, sin), allowed, past, adapter)
            stores.append(store)
            x = x + y
            y = self._norm(f"model.layers.{i}.post_attention_layernorm.weight", x)
            x = x + self._mlp(f"model.layers.{i}.mlp", y, adapter)
        return self._norm(LAST_NORM, x), Cache(valid, tuple(stores))

    def logits(self, hidden: Tensor, tokens: Tensor | None = None) -> Tensor:
        table = self.tensors[EMBEDDING if self.config.tied else READ_OUT]
        table = table if tokens is None else table[tokens]
        return functional.linear(hidden.to(table.dtype), table).float()

    def _attention(
        self,
        name: str,
        x: Tensor,
        turn: tuple[Tensor, Tensor],
        allowed: Tensor,
        past: Store | None,
        adapter: Adapter | None,
    ) -> tuple[Tensor, Store]:
        m, k, _ = x.shape
        query, key, value = (self._linear(f"{name}.{part}_proj", x, adapter) for part in "qkv")
        query, key, value = (y.view(m, k, -1, self.config.head_width).transpose(1, 2) for y in (query, key, value))
        store = (past or Store.empty()).append(_turned(key, *turn), value)
        # heads that share keys are read as more queries of one head: [M, key_value_heads, groups K, head_width]
        query = _turned(query, *turn).reshape(m, self.config.key_value_heads, -1, self.config.head_width)
        mixed = functional.scaled_dot_product_attention(query, store.key, store.value, attn_mask=allowed)
        mixed = mixed.reshape(m, self.config.heads, k, -1).transpose(1, 2).reshape(m, k, -1)
        return self._linear(f"{name}.o_proj", mixed, adapter), store

    def _mlp(self, name: str, x: Tensor, adapter: Adapter | None) -> Tensor:
        gate = functional.silu(self._linear(f"{name}.gate_proj", x, adapter))
        return self._linear(f"{name}.down_proj", gate * self._linear(f"{name}.up_proj", x, adapter), adapter)

    def _linear(self, layer: str, x: Tensor, adapter: Adapter | None) -> Tensor:
        y = functional.linear(x, self.tensors[f"{layer}.weight"], self.tensors.get(f"{layer}.bias"))
        return y if adapter is None else adapter(layer, x, y)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.tensors[name], self.config.epsilon)

    def _angles(self, positions: int) -> tuple[Tensor, Tensor]:
        """cos and sin [positions, head_width / 2] of the angles by which pairs are turned (Su et al. 2021, eq. 34)."""
        table, width = self.tensors[EMBEDDING], self.config.head_width
        step = torch.arange(0, width, 2, dtype=torch.float32, device=table.device) / width
        angle = torch.outer(torch.arange(positions, device=table.device).float(), 1.0 / self.config.theta**step)
        return angle.cos().to(table.dtype), angle.sin().to(table.dtype)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [M, heads, K, head_width] with pair (j, j + head_width / 2) turned by the angle j of its position."""
    first, second = x.chunk(2, -1)
    return torch.cat([torch.addcmul(first * cos, second, sin, value=-1), torch.addcmul(second * cos, first, sin)], -1)


def random_decoder(config: DecoderConfig, generator: torch.Generator, deviation: float = 0.02) -> Decoder:
    """A decoder to be pretrained: normal weights, the outputs of blocks smaller by (2 layers)^-1/2 (Radford et al. 2019)."""
    tensors = {}
    for name, shape in config.shapes.items():
        if name.endswith("norm.weight"):
            tensors[name] = torch.ones(shape)
        elif name.endswith(".bias"):
            tensors[name] = torch.zeros(shape)
        else:
            ends_block = name.endswith(("o_proj.weight", "down_proj.weight"))
            scale = deviation * (2 * config.layers) ** -0.5 if ends_block else deviation
            tensors[name] = torch.randn(shape, generator=generator) * scale
    return Decoder(config, tensors)

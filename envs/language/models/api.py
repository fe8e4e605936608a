"""The protocol of a frozen causal language model, and of what adapts it.

Axes: M texts (rows), K tokens of each, D the width of the model, V its vocabulary. With P members, M = P x N: the rows of
member 0 come first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor

Cache = Any  # keys and values of the tokens read so far; `rows(index)` is the cache of the rows at these places [R]


class Adapter(Protocol):
    """Changes the outputs of a model's linear layers."""

    def __call__(self, layer: str, x: Tensor, y: Tensor) -> Tensor:
        """The new output [M, K, out] of the linear layer of this name, from its input x [M, K, in] and its output y.

        y may be overwritten.
        """


class CausalModel(Protocol):
    """A causal language model whose parameters never change."""

    @property
    def vocabulary(self) -> int:
        """V, the number of tokens."""

    @property
    def context(self) -> int:
        """The largest number of tokens that it can read."""

    @property
    def width(self) -> int:
        """D, the length of a hidden state."""

    @property
    def end(self) -> int | None:
        """The token that ends a text; None if it has none."""

    @property
    def layers(self) -> Mapping[str, tuple[int, int]]:
        """(inputs, outputs) of each linear layer that can be adapted, by name; not of the one that reads out logits."""

    def hidden(
        self, tokens: Tensor, valid: Tensor, cache: Cache | None = None, adapter: Adapter | None = None
    ) -> tuple[Tensor, Cache]:
        """(hidden states [M, K, D] at these tokens [M, K] after the last norm, the cache with them).

        valid  [M, K] False on padding, which no other token attends to and which has no position of its own: a text
               has the same hidden states wherever padding stands
        cache  what an earlier call returned for the tokens before these
        """

    def logits(self, hidden: Tensor, tokens: Tensor | None = None) -> Tensor:
        """Logits of hidden states [..., D]: [..., V], or [..., C] of these tokens [C] alone."""

"""Optimisers on the flat matrix [P, D]: one fused step for the whole population, a learning rate for each member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.optim.adam import adam

from algorithms.estimators.rollout import PartState

BLOCK = 2**15  # numbers of one tensor in a block, whose passes find it in the processor's cache


class Optimiser(Protocol):
    """The rule by which a gradient changes the parameters. Every operation is elementwise, so members never mix.

    shared_state  names in the state that all members share; every other tensor of it is [P, ...]
    """

    shared_state: ClassVar[tuple[str, ...]]

    def initial(self, values: Tensor) -> PartState: ...

    def step(self, values: Tensor, gradient: Tensor, rate: Tensor, state: PartState) -> None:
        """Move values [P, D] in place against gradient [P, D] at rate [P, D], and update the state."""


@dataclass(frozen=True)
class Adam:
    """theta <- theta - rate m^ / (sqrt(v^) + eps) (Kingma and Ba 2015, algorithm 1; torch.optim.Adam)."""

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    shared_state: ClassVar[tuple[str, ...]] = ("steps",)

    def initial(self, values: Tensor) -> PartState:
        return {
            "m": torch.zeros_like(values),
            "v": torch.zeros_like(values),
            "steps": torch.zeros((), dtype=torch.long),
        }

    def step(self, values: Tensor, gradient: Tensor, rate: Tensor, state: PartState) -> None:
        count = state["steps"].to(values)  # members that stop never start again, so all others share one count
        state["steps"] += 1
        moved = torch.zeros_like(values)  # torch's fused kernel takes one rate for all: it is 1 here
        adam(
            [moved],
            [gradient],
            [state["m"]],
            [state["v"]],
            [],
            [count],
            fused=True,
            amsgrad=False,
            beta1=self.beta1,
            beta2=self.beta2,
            lr=1.0,
            weight_decay=0.0,
            eps=self.eps,
            maximize=False,
        )
        values.addcmul_(moved, rate)


@dataclass(frozen=True)
class RMSprop:
    """theta <- theta - rate g / (sqrt(v) + eps), v <- alpha v + (1 - alpha) g^2 (torch.optim.RMSprop, as SB3's A2C)."""

    alpha: float = 0.99
    eps: float = 1e-5
    shared_state: ClassVar[tuple[str, ...]] = ()

    def initial(self, values: Tensor) -> PartState:
        return {"v": torch.zeros_like(values)}

    def step(self, values: Tensor, gradient: Tensor, rate: Tensor, state: PartState) -> None:
        spare = _spare(values)
        for theta, g, r, v in _blocks(values, gradient, rate, state["v"]):
            moved, root = spare[:, : len(theta)]
            v.mul_(self.alpha).addcmul_(g, g, value=1 - self.alpha)
            _root(v, root).add_(self.eps)
            theta.addcdiv_(torch.mul(g, r, out=moved), root, value=-1)


def _rows(values: Tensor) -> int:
    """The number of members in a block."""
    members, width = values.shape
    return members if values.device.type != "cpu" else min(members, max(1, BLOCK // width))


def _blocks(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Tensors [P, D] as blocks of some members."""
    return zip(*(torch.split(x, _rows(x)) for x in tensors), strict=True)


def _spare(values: Tensor) -> Tensor:
    """Two blocks for intermediate results."""
    return values.new_empty(2, _rows(values), values.shape[1])


def _root(v: Tensor, out: Tensor) -> Tensor:
    """sqrt(v). On processors by NumPy: torch's root of 0 takes 18 times as long, and v of unseen tokens is 0."""
    if v.device.type != "cpu":
        return torch.sqrt(v, out=out)
    np.sqrt(v.numpy(), out=out.numpy())
    return out

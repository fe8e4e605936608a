"""Optimisers on the flat matrix [P, D]: one fused step for the whole population, a learning rate for each member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from algorithms.estimators.rollout import PartState

TINY = torch.finfo(torch.float32).tiny
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
        state["steps"] += 1
        steps = int(state["steps"])  # members that stop never start again, so all others share one count
        of_m, of_v = 1 - self.beta1**steps, (1 - self.beta2**steps) ** 0.5
        spare = _spare(values)
        for theta, g, r, m, v in _blocks(values, gradient, rate, state["m"], state["v"]):
            moved, root = spare[:, : len(theta)]
            m.lerp_(g, 1 - self.beta1)
            v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            _root(v, root).div_(of_v).add_(self.eps)
            theta.addcdiv_(torch.mul(m, r, out=moved), root, value=-1 / of_m)


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
    return zip(*(x.split(_rows(x)) for x in tensors), strict=True)


def _spare(values: Tensor) -> Tensor:
    """Two blocks for intermediate results."""
    return values.new_empty(2, _rows(values), values.shape[1])


def _root(v: Tensor, out: Tensor) -> Tensor:
    """sqrt(v), at least 1e-19: torch's root of 0 takes 18 times as long, and parameters of unseen tokens have v = 0."""
    return torch.clamp(v, min=TINY, out=out).sqrt_()

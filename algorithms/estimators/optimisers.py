"""Optimisers on the flat matrix [P, D]: one fused step for the whole population, a learning rate for each member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from algorithms.estimators.rollout import PartState

TINY = torch.finfo(torch.float32).tiny


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
        m = state["m"].lerp_(gradient, 1 - self.beta1)
        v = state["v"].mul_(self.beta2).addcmul_(gradient, gradient, value=1 - self.beta2)
        denominator = _root(v).div_((1 - self.beta2**steps) ** 0.5).add_(self.eps)
        values.addcdiv_(m * rate, denominator, value=-1 / (1 - self.beta1**steps))


@dataclass(frozen=True)
class RMSprop:
    """theta <- theta - rate g / (sqrt(v) + eps), v <- alpha v + (1 - alpha) g^2 (torch.optim.RMSprop, as SB3's A2C)."""

    alpha: float = 0.99
    eps: float = 1e-5
    shared_state: ClassVar[tuple[str, ...]] = ()

    def initial(self, values: Tensor) -> PartState:
        return {"v": torch.zeros_like(values)}

    def step(self, values: Tensor, gradient: Tensor, rate: Tensor, state: PartState) -> None:
        v = state["v"].mul_(self.alpha).addcmul_(gradient, gradient, value=1 - self.alpha)
        values.addcdiv_(gradient * rate, _root(v).add_(self.eps), value=-1)


def _root(v: Tensor) -> Tensor:
    """sqrt(v), at least 1e-19: torch's root of 0 takes 18 times as long, and parameters of unseen tokens have v = 0."""
    return v.clamp(min=TINY).sqrt_()

"""Entropy bonuses: alpha E[sum_t H(pi(.|s_t))] is added to the objective, with alpha constant, annealed or adaptive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

State = dict[str, Tensor]


class _Stateless:
    bounded: ClassVar[bool] = False

    def initial(self, members: int) -> State:
        return {}

    def update(self, fraction: Tensor, state: State) -> State:
        return state


def _at_least_0(**values: float) -> None:
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"{name} must be at least 0, not {value}")


@dataclass(frozen=True)
class Constant(_Stateless):
    """alpha for ever (Williams and Peng 1991; Mnih et al. 2016, section 4)."""

    alpha: float = 0.0

    def __post_init__(self) -> None:
        _at_least_0(alpha=self.alpha)

    @property
    def active(self) -> bool:
        return self.alpha > 0

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return torch.full_like(progress, self.alpha)


@dataclass(frozen=True)
class Annealed(_Stateless):
    """alpha falls in a straight line from `start` to `end` over the budget: exploration first, J itself at the end."""

    start: float = 0.02
    end: float = 0.0
    active: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _at_least_0(start=self.start, end=self.end)

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return self.start + (self.end - self.start) * progress.clamp(0, 1)


@dataclass(frozen=True)
class Target:
    """alpha moves so that the entropy becomes `fraction` of its maximum: log alpha += rate (fraction - seen), per rollout.

    As the temperature of soft actor-critic (Haarnoja et al. 2018b, eq. 18), with the maximum, log of the number of legal
    actions, as the unit; alpha stays within [least, most].
    """

    fraction: float = 0.3
    rate: float = 0.5
    start: float = 0.01
    least: float = 1e-5
    most: float = 1.0
    active: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.fraction < 1:
            raise ValueError(f"fraction must lie in (0, 1), not {self.fraction}")
        if not 0 < self.least <= self.start <= self.most:
            raise ValueError(f"needs 0 < least <= start <= most, not {self.least}, {self.start}, {self.most}")

    def initial(self, members: int) -> State:
        return {"alpha": torch.full((members,), self.start)}

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return state["alpha"]

    def update(self, fraction: Tensor, state: State) -> State:
        moved = state["alpha"] * (self.rate * (self.fraction - fraction)).exp()
        return {"alpha": moved.clamp(self.least, self.most)}

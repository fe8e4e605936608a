"""Entropy bonuses: alpha E[sum_t H(pi(.|s_t))] is added to the objective, with alpha constant, annealed or adaptive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms.estimators.rollout import PartState
from algorithms.tunable import Number, Range, as_vector, tunable


class _Stateless:
    bounded: ClassVar[bool] = False

    def initial(self, members: int) -> PartState:
        return {}

    def update(self, fraction: Tensor, state: PartState) -> PartState:
        return state


def _active(bonus: Any, context: object) -> bool:
    """Whether there is a bonus. Without this condition, tuning would add a bonus to variants that have none."""
    return bonus.active


def _at_least_0(**values: Number) -> None:
    for name, value in values.items():
        if as_vector(value) < 0:
            raise ValueError(f"{name} must be at least 0, not {value}")


@dataclass(frozen=True)
class Constant(_Stateless):
    """A constant alpha (Williams and Peng 1991; Mnih et al. 2016, section 4)."""

    alpha: Number = tunable(0.0, Range(1e-4, 1e-1, log=True), when=_active)

    def __post_init__(self) -> None:
        _at_least_0(alpha=self.alpha)

    @property
    def active(self) -> bool:
        # read at every step: a plain number needs no tensor
        return bool((self.alpha > 0).any()) if isinstance(self.alpha, Tensor) else self.alpha > 0

    def __call__(self, progress: Tensor, state: PartState) -> Tensor:
        return torch.zeros_like(progress) + as_vector(self.alpha)


@dataclass(frozen=True)
class Annealed(_Stateless):
    """alpha moves linearly from `start` to `end` over the budget: exploration first, J itself at the end."""

    start: Number = tunable(0.02, Range(1e-3, 1e-1, log=True))
    end: float = 0.0
    active: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _at_least_0(start=self.start, end=self.end)

    def __call__(self, progress: Tensor, state: PartState) -> Tensor:
        return as_vector(self.start) + (self.end - as_vector(self.start)) * progress.clamp(0, 1)


@dataclass(frozen=True)
class Target:
    """alpha adapts to keep the entropy at `fraction` of its maximum: log alpha += rate (fraction - seen), per rollout.

    As the temperature of soft actor-critic (Haarnoja et al. 2018b, eq. 18). The unit of entropy is its maximum, the log
    of the number of legal actions. alpha stays within [least, most].
    """

    fraction: Number = tunable(0.3, Range(0.05, 0.9))
    rate: float = 0.5
    start: float = 0.01
    least: float = 1e-5
    most: float = 1.0
    active: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < as_vector(self.fraction) < 1:
            raise ValueError(f"fraction must lie in (0, 1), not {self.fraction}")
        if not 0 < self.least <= self.start <= self.most:
            raise ValueError(f"needs 0 < least <= start <= most, not {self.least}, {self.start}, {self.most}")

    def initial(self, members: int) -> PartState:
        return {"alpha": torch.full((members,), self.start)}

    def __call__(self, progress: Tensor, state: PartState) -> Tensor:
        return state["alpha"]

    def update(self, fraction: Tensor, state: PartState) -> PartState:
        moved = state["alpha"] * (self.rate * (as_vector(self.fraction) - fraction)).exp()
        return {"alpha": moved.clamp(self.least, self.most)}

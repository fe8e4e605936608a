"""How a gradient becomes a step: sampled and first-order, exact by enumeration, or not at all (reference rows)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FirstOrder:
    """The estimator's gradient goes to the optimiser."""

    trains: ClassVar[bool] = True
    gradient: ClassVar[bool] = True
    needs_oracle: ClassVar[bool] = False


@dataclass(frozen=True)
class Exact:
    """The gradient of J itself, by enumeration, goes to the optimiser. Each update is charged a rollout of the budget."""

    trains: ClassVar[bool] = True
    gradient: ClassVar[bool] = True
    needs_oracle: ClassVar[bool] = True


@dataclass(frozen=True)
class Uniform:
    """No learning: actions are drawn uniformly from the legal ones."""

    trains: ClassVar[bool] = False
    gradient: ClassVar[bool] = False
    needs_oracle: ClassVar[bool] = False


@dataclass(frozen=True)
class Optimal:
    """No learning: the oracle's optimal return."""

    trains: ClassVar[bool] = False
    gradient: ClassVar[bool] = False
    needs_oracle: ClassVar[bool] = True

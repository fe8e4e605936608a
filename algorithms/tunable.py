"""Fields that can be tuned: their search range stands beside them, and a population can hold one number a member in them.

    lam: Number = tunable(0.95, Range(0.8, 1.0))      differs from member to member: one population
    envs: int = tunable(16, Choice((8, 16, 32)))      changes a shape: a population for each value

A path names a field: `training.learning_rate`, `estimator.credit.lam`, `schedule.epochs`, `update.delta`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from algorithms.setting import Training
    from algorithms.types import Variant
    from envs.api import Spec

Number = float | Tensor  # the same for all members, or a column [P, 1] with one number a member


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, on a logarithmic scale if `log`; members of one population may differ in them."""

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def holding(self, value: float) -> Range:
        """Wide enough for `value` too: what is used today can always be tried."""
        return replace(self, low=min(self.low, value), high=max(self.high, value))


@dataclass(frozen=True)
class Choice:
    """Values that change a shape; whoever differs in one trains in another population."""

    values: tuple[Any, ...]

    def holding(self, value: Any) -> Choice:
        """With `value` among them."""
        return self if value in self.values else Choice((value, *self.values))


Search = Range | Choice
When = Callable[[Any, "Variant", "Spec"], bool]  # (the dataclass that has the field, the variant, the task's form)


def always(owner: Any, variant: Variant, spec: Spec) -> bool:
    """Everywhere."""
    return True


def with_critic(owner: Any, variant: Variant, spec: Spec) -> bool:
    """Only where a critic learns."""
    return variant.estimator.baseline.critic


def tunable(default: Any, search: Search, when: When = always) -> Any:
    """A dataclass field with its search range; it is tuned `when` that has an effect."""
    return field(default=default, metadata={"search": search, "when": when})


@dataclass(frozen=True)
class Parameter:
    """A field of a composition that can be tuned; `default` is what it holds now, and lies within the search."""

    path: str
    search: Search
    default: Any


def parameters(variant: Variant, training: Training, spec: Spec) -> Iterator[Parameter]:
    """Every tunable field of (variant, training) that has an effect on tasks of this form, in the order it is declared.

    What a variant fixes is part of it and is not tuned; where it brings a window of its own, that is in `training`.
    """
    fixed = {f"training.{name}" for name, _ in variant.fixed}
    for name in ("training", "estimator", "schedule", "update"):
        root = training if name == "training" else getattr(variant, name)
        for path, owner, one in _walk(name, root):
            search = one.metadata.get("search")
            if search is None or path in fixed or not one.metadata["when"](owner, variant, spec):
                continue
            value = getattr(owner, one.name)
            legal = search.holding(value)
            if isinstance(legal, Choice):
                legal = Choice(tuple(v for v in legal.values if _fits(owner, one.name, v)))
            yield Parameter(path, legal, value)


def _walk(path: str, owner: Any) -> Iterator[tuple[str, Any, Any]]:
    for one in fields(owner):
        inner = getattr(owner, one.name)
        below = f"{path}.{one.name}"
        if is_dataclass(inner) and not isinstance(inner, type):
            yield from _walk(below, inner)
        else:
            yield below, owner, one


def _fits(owner: Any, name: str, value: Any) -> bool:
    try:
        replace(owner, **{name: value})
    except ValueError:
        return False
    return True


def configured(variant: Variant, training: Training, values: Mapping[str, Any]) -> tuple[Variant, Training]:
    """(variant, training) with the named fields at these values, each checked by its own dataclass.

    A list, as JSON has them, becomes a tuple.
    """
    for path, given in values.items():
        value = tuple(given) if isinstance(given, list) else given
        first, *rest = path.split(".")
        if first == "training":
            training = put(training, rest, value)
        else:
            variant = replace(variant, **{first: put(getattr(variant, first), rest, value)})
    return variant, training


def put(owner: Any, path: Sequence[str], value: Any) -> Any:
    """`owner` with the field at `path` set; ValueError where it cannot have the value."""
    first, *rest = path
    return replace(owner, **{first: put(getattr(owner, first), rest, value) if rest else value})


def per_member(
    variant: Variant, training: Training, values: Sequence[tuple[str, Sequence[float]]], device: str = "cpu"
) -> tuple[Variant, Training]:
    """(variant, training) for a population: the fields in `values` hold a column [P, 1] with each member's number.

    Each number has been checked where its own configuration was made, so the dataclasses' checks are passed by. What
    comes out is for a run; it has no digest.
    """
    for path, numbers in values:
        column = torch.tensor(numbers, dtype=torch.get_default_dtype(), device=device)[:, None]
        first, *rest = path.split(".")
        if first == "training":
            training = _hold(training, rest, column)
        else:
            variant = _hold(variant, [first, *rest], column)
    return variant, training


def _hold(owner: Any, path: Sequence[str], column: Tensor) -> Any:
    first, *rest = path
    twin = copy.copy(owner)
    object.__setattr__(twin, first, _hold(getattr(owner, first), rest, column) if rest else column)
    return twin


def narrowed(owner: Any, places: np.ndarray) -> Any:
    """`owner`, as `per_member` made it, for the members at these places alone."""
    twin = owner
    for one in fields(owner):
        value = getattr(owner, one.name)
        if isinstance(value, Tensor):
            part: Any = value[torch.as_tensor(places, device=value.device)]
        elif is_dataclass(value) and not isinstance(value, type):
            part = narrowed(value, places)
        else:
            continue
        if part is not value:
            twin = copy.copy(owner) if twin is owner else twin
            object.__setattr__(twin, one.name, part)
    return twin


def row(value: Number) -> Any:
    """The number, or one a member as [P] instead of [P, 1]."""
    return value[:, 0] if isinstance(value, Tensor) else value

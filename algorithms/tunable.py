"""Fields that can be tuned. A field declares its search range, and in a population it can hold one number per member.

    lam: Number = tunable(0.95, Range(0.8, 1.0))      may differ between the members of one population
    envs: int = tunable(16, Choice((8, 16, 32)))      changes a shape, so each value needs its own population

A path names a field: `training.learning_rate`, `estimator.credit.lam`, `schedule.epochs`, `update.delta`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from envs.api import Spec

Algorithm = TypeVar("Algorithm")
Settings = TypeVar("Settings")

Number = float | Tensor  # the same for all members, or a column [P, 1] with one number per member


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, on a logarithmic scale if `log`. Members of one population may differ in them."""

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def including(self, value: float) -> Range:
        """The range, extended to include `value`, so that the current value can always be tried."""
        return replace(self, low=min(self.low, value), high=max(self.high, value))


@dataclass(frozen=True)
class Choice:
    """Values that change a shape. Members with different values train in different populations."""

    values: tuple[Any, ...]

    def including(self, value: Any) -> Choice:
        """The choice, extended to include `value`."""
        return self if value in self.values else Choice((value, *self.values))


Search = Range | Choice


class Context(NamedTuple):
    """The use of a field: the form of the task, and whether the algorithm learns a critic."""

    spec: Spec
    critic: bool


Condition = Callable[[Any, Context], bool]  # of the dataclass that has the field, and of the context


def always(owner: Any, context: Context) -> bool:
    """True in every context."""
    return True


def with_critic(owner: Any, context: Context) -> bool:
    """Whether the algorithm learns a critic."""
    return context.critic


def tunable(default: Any, search: Search, when: Condition = always) -> Any:
    """A dataclass field with its search range. It is tuned only if `when` holds, because else it has no effect."""
    return field(default=default, metadata={"search": search, "when": when})


def replace_at(owner: Any, path: Sequence[str], value: Any, copied: Callable[..., Any] = replace) -> Any:
    """`owner` with the field at `path` set; ValueError if the value is invalid.

    copied  copies a dataclass with changed fields; `replace` runs the checks of the dataclass
    """
    first, *rest = path
    return copied(owner, **{first: replace_at(getattr(owner, first), rest, value, copied) if rest else value})


def replace_all(
    algorithm: Algorithm,
    training: Settings,
    values: Iterable[tuple[str, Any]],
    copied: Callable[..., Any] = replace,
) -> tuple[Algorithm, Settings]:
    """(algorithm, training) with the named fields at these values: `training.FIELD`, or a field of the algorithm."""
    for path, value in values:
        first, *rest = path.split(".")
        if first == "training":
            training = replace_at(training, rest, value, copied)
        else:
            algorithm = replace_at(algorithm, [first, *rest], value, copied)
    return algorithm, training


def replace_unchecked(owner: Any, **values: Any) -> Any:
    """A copy with these fields, without the checks of the dataclass, which may not support columns."""
    twin = copy.copy(owner)
    vars(twin).update(values)
    return twin


def per_member(
    algorithm: Algorithm, training: Settings, values: Sequence[tuple[str, Sequence[float]]], device: str = "cpu"
) -> tuple[Algorithm, Settings]:
    """(algorithm, training) of a population: the fields in `values` hold a column [P, 1] with the numbers of the members.

    The numbers were checked when the configuration of each member was made. The result is for a run; it has no digest.
    """
    dtype = torch.get_default_dtype()
    columns = [(path, torch.tensor(numbers, dtype=dtype, device=device)[:, None]) for path, numbers in values]
    return replace_all(algorithm, training, columns, replace_unchecked)


def select_members(owner: Any, indices: np.ndarray) -> Any:
    """`owner`, made by `per_member`, for the members at these indices alone."""
    changed = {}
    for one in fields(owner):
        value = getattr(owner, one.name)
        if isinstance(value, Tensor):
            changed[one.name] = value[torch.as_tensor(indices, device=value.device)]
        elif (
            is_dataclass(value)
            and not isinstance(value, type)
            and (part := select_members(value, indices)) is not value
        ):
            changed[one.name] = part
    return replace_unchecked(owner, **changed) if changed else owner


def as_vector(value: Number) -> Any:
    """The number, or one per member as [P] instead of [P, 1]."""
    return value[:, 0] if isinstance(value, Tensor) else value

"""The state of a run at the end of a segment: named tensors, and the axis of the members in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
# a part of a run: its name, its tensors, and the axis of the members, for all tensors or by name
Part = tuple[str, Mapping[str, Tensor], int | Mapping[str, int | None]]


@dataclass
class RunState:
    """Tensors by name, and numbers that can be stored as JSON.

    member_axes  the axis of the members in each tensor, as declared by its part of the run, or None if all members share
                 the tensor; empty in a state that was read from a file
    """

    tensors: dict[str, Tensor]
    meta: dict[str, Any] = field(default_factory=dict)
    member_axes: dict[str, int | None] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Sequence[Part], meta: dict[str, Any]) -> RunState:
        """Copies of the tensors of all parts, each named "part.name"."""
        tensors: dict[str, Tensor] = {}
        axes: dict[str, int | None] = {}
        for part, held, declared in parts:
            names = {name: f"{part}.{name}" if part else name for name in held}
            tensors |= {names[name]: x.detach().cpu().clone().contiguous() for name, x in held.items()}
            axes |= {names[name]: declared if isinstance(declared, int) else declared[name] for name in held}
        return cls(tensors, meta, axes)

    def reason_unusable(self, own: RunState) -> str | None:
        """Why a run whose state is `own` cannot be restored from this one, or None.

        A tensor is missing, has another shape or type, or is not finite.
        """
        if missing := sorted(own.tensors.keys() - self.tensors.keys() | own.meta.keys() - self.meta.keys()):
            return f"it lacks {', '.join(missing)}"
        for name, value in own.meta.items():
            if not isinstance(self.meta[name], type(value)):
                return f"its {name} is {self.meta[name]!r}"
        for name, wanted in own.tensors.items():
            if name.startswith("queue."):  # as long as the played rollout
                continue
            found = self.tensors[name]
            if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
                return f"its {name} is {list(found.shape)} {found.dtype}, not {list(wanted.shape)} {wanted.dtype}"
            # diverged members are frozen at 0, so these are finite in every state
            if name.startswith(("values", "rate", "optimiser.")) and not bool(torch.isfinite(found).all()):
                return f"its {name} holds numbers that are not finite"
        return None

    def select_members(self, indices: Sequence[int]) -> RunState:
        """The state of the members at these indices. KeyError if the axis of a tensor is not declared."""
        index = torch.tensor(indices, dtype=torch.long)
        selected = {}
        for name, tensor in self.tensors.items():
            axis = self.member_axes[name]
            selected[name] = tensor if axis is None else tensor.index_select(axis, index)
        return RunState(selected, self.meta, self.member_axes)


def flatten_parts(parts: Mapping[str, Mapping[str, T]]) -> dict[str, T]:
    """{part: {name: x}} as {"part.name": x}."""
    return {f"{part}.{name}": value for part, named in parts.items() for name, value in named.items()}


def part_tensors(part: str, named: Mapping[str, T]) -> dict[str, T]:
    """The inverse of `flatten_parts` for one part."""
    prefix = f"{part}."
    return {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}


def like(flat: Tensor, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a part on the device of the parameters and with their precision."""
    return {name: x.to(flat) if x.is_floating_point() else x.to(flat.device) for name, x in state.items()}

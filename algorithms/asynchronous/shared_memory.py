"""Memory that processes share: parameters by version, and rollouts. It has no locks, so a dying process holds none.

The memory belongs to no file. It is freed when the last process that holds it ends for any reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from multiprocessing.context import SpawnContext
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from algorithms.training_config import Collection, Unroll
from envs.api import Array, Bools, Box, Discrete, Features, Image, Observation, Spec

VERSIONS = 4  # of the parameters that are kept: a reader must finish within this many updates
ALIGNED = 64  # bytes; tensors in a slot begin at multiples of it


class SharedArray:
    """An array, initially zeros, that can be shared with processes started later."""

    def __init__(self, context: SpawnContext, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._raw = context.RawArray("b", max(1, prod(shape) * self._dtype.itemsize))

    @property
    def array(self) -> Array:
        """Its memory as a numpy array."""
        flat: Array = np.frombuffer(self._raw, self._dtype, prod(self._shape))
        return flat.reshape(self._shape)

    @property
    def tensor(self) -> Tensor:
        """Its memory as a torch tensor."""
        return torch.from_numpy(self.array)


class ParameterVersion(NamedTuple):
    """Copies of the parameters, moments and playing members for an actor."""

    number: int
    values: Tensor  # [P, D]
    moments: dict[str, np.ndarray]  # of the normaliser
    playing: Bools  # [P]


class ParameterBoard:
    """Versions of parameters, moments and playing members. One process writes, and any process reads."""

    def __init__(self, context: SpawnContext, values: Tensor, moments: Mapping[str, np.ndarray]) -> None:
        members = len(values)
        self._newest = SharedArray(context, (1,), np.int64)
        self._stamps = SharedArray(context, (VERSIONS,), np.int64)
        self._values = SharedArray(context, (VERSIONS, *values.shape), np.float32)
        self._playing = SharedArray(context, (VERSIONS, members), np.bool_)
        self._moments = {name: SharedArray(context, (VERSIONS, *x.shape), x.dtype) for name, x in moments.items()}

    def publish(self, number: int, values: Tensor, moments: Mapping[str, np.ndarray], playing: Bools) -> None:
        """Write a new version."""
        at = number % VERSIONS
        self._stamps.array[at] = -1  # a process that reads it now will read again
        self._values.tensor[at] = values.cpu()
        self._playing.array[at] = playing
        for name, x in moments.items():
            self._moments[name].array[at] = x
        self._stamps.array[at] = number
        self._newest.array[0] = number

    def read(self) -> ParameterVersion:
        """A consistent copy of the newest version."""
        while True:
            number = int(self._newest.array[0])
            at = number % VERSIONS
            values, playing = self._values.tensor[at].clone(), self._playing.array[at].copy()
            moments = {name: shared.array[at].copy() for name, shared in self._moments.items()}
            if self._stamps.array[at] == number:
                return ParameterVersion(number, values, moments, playing)


class TensorLayout(NamedTuple):
    """The place of a tensor in a slot."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int


class RolloutSlot:
    """Memory for one rollout."""

    def __init__(self, context: SpawnContext, capacity: int) -> None:
        self._bytes, self._capacity = SharedArray(context, (capacity,), np.uint8), capacity

    def write(self, tensors: Mapping[str, Tensor]) -> tuple[TensorLayout, ...]:
        """Copy the tensors into the slot; ValueError if they do not fit."""
        layouts, start = [], 0
        for name, x in tensors.items():
            end = start + x.numel() * x.element_size()
            if end > self._capacity:
                raise ValueError(
                    f"a rollout does not fit into the {self._capacity:,} bytes of a slot: {name} ends at {end:,}"
                )
            self._view(x.dtype, tuple(x.shape), start).copy_(x)
            layouts.append(TensorLayout(name, x.dtype, tuple(x.shape), start))
            start = -(-end // ALIGNED) * ALIGNED
        return tuple(layouts)

    def read(self, layouts: tuple[TensorLayout, ...]) -> dict[str, Tensor]:
        """Views of the written tensors."""
        return {p.name: self._view(p.dtype, p.shape, p.start) for p in layouts}

    def _view(self, dtype: torch.dtype, shape: tuple[int, ...], start: int) -> Tensor:
        length = prod(shape) * dtype.itemsize
        return self._bytes.tensor[start : start + length].view(dtype).reshape(shape)


def capacity(spec: Spec, collection: Collection, members: int, parts: int = 1) -> int:
    """Bytes that suffice for any rollout of a population on a task whose reward has so many parts."""
    rows = collection.steps if isinstance(collection, Unroll) else spec.horizon
    each = 10 * 4 + 8  # logp, reward, discount, continues, valid, reference, score_norm_sq, three returns; prefix
    each += 2 * parts * 4  # parts, part_weights
    each += 4 * spec.action.size if isinstance(spec.action, Box) else 8
    each += spec.action.n if isinstance(spec.action, Discrete) else 0  # the mask
    return members * collection.envs * (each * rows + _observation_bytes(spec.observation, rows)) + 16 * ALIGNED


def _observation_bytes(observation: Observation, rows: int) -> int:
    """Bytes of the observations of one environment in `rows` rows."""
    if isinstance(observation, Features):
        return 4 * observation.size * (rows + 1)
    if isinstance(observation, Image):
        return observation.channels * observation.height * observation.width * (rows + 1)
    return 8 * observation.length

"""What environments observe as what policies read: numbers of categories one-hot, parts joined, images as they are.

The one place for it: both adapters read raw batches through an Encoding, which a task names or its space gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces

from envs.api import Array, Bools, Features, Floats, Image

Raw = Any  # a batch as an environment gives it: an array [B, ...], or a dictionary or tuple of such
MASK = "action_mask"  # the part of a dictionary that says which actions are legal and is no observation
SMALLEST = 36  # pixels a side of the smallest image that the convolutional policy reads; smaller grids are vectors


class Encoding(Protocol):
    """A frozen description of how raw observations are read: part of a task."""

    @property
    def observation(self) -> Features | Image:
        """What comes out."""

    def __call__(self, raw: Raw) -> Array:
        """[B, ...] -> float32 [B, size], or uint8 [B, C, H, W]."""


@dataclass(frozen=True)
class Vector:
    """Numbers as they are, all axes in one."""

    size: int

    @property
    def observation(self) -> Features:
        return Features(self.size)

    def __call__(self, raw: Raw) -> Floats:
        flat: Floats = np.asarray(raw).astype(np.float32, copy=False).reshape(-1, self.size)
        return flat


@dataclass(frozen=True)
class OneHot:
    """Whole numbers 0..n-1, each as n numbers of which one is 1; `sizes` are the n, one for each number observed."""

    sizes: tuple[int, ...]

    @property
    def observation(self) -> Features:
        return Features(sum(self.sizes))

    def __call__(self, raw: Raw) -> Floats:
        numbers = np.stack(raw, -1) if isinstance(raw, tuple) else np.asarray(raw)
        numbers = numbers.reshape(-1, len(self.sizes)).astype(np.int64)
        wrong = (numbers < 0) | (numbers >= self.sizes)
        if wrong.any():
            place = int(wrong.any(0).argmax())
            got = int(numbers[wrong[:, place], place][0])
            raise ValueError(f"number {place} observed is {got}; it must lie in [0, {self.sizes[place]})")
        offsets = np.cumsum((0, *self.sizes[:-1]))
        encoded = np.zeros((len(numbers), sum(self.sizes)), np.float32)
        np.put_along_axis(encoded, numbers + offsets, 1.0, axis=1)
        return encoded


@dataclass(frozen=True)
class Pixels:
    """An image of bytes, channels first; `last` where the environment puts them last."""

    channels: int
    height: int
    width: int
    last: bool = False

    @property
    def observation(self) -> Image:
        return Image(self.channels, self.height, self.width)

    def __call__(self, raw: Raw) -> Array:
        image = np.asarray(raw)
        return np.ascontiguousarray(np.moveaxis(image, -1, 1) if self.last else image)


@dataclass(frozen=True)
class Joined:
    """Named parts of a dictionary (or numbered ones of a tuple) side by side, in this order; what is not named is unread."""

    parts: tuple[tuple[str | int, Encoding], ...]

    @property
    def observation(self) -> Features:
        return Features(sum(_width(encoding) for _, encoding in self.parts))

    def __call__(self, raw: Raw) -> Floats:
        return np.concatenate([encoding(raw[key]) for key, encoding in self.parts], axis=1)


def encoding_for(space: spaces.Space[Any], inside: bool = False) -> Encoding:
    """The plain encoding of a space; ValueError where there is none.

    Discrete and MultiDiscrete one-hot, dictionaries and tuples joined, a Box of bytes with three axes and sides of 36 at
    least an image unless it is a part of others (`inside`), any other Box and MultiBinary as they are.
    """
    if isinstance(space, spaces.Discrete) and space.start == 0:
        return OneHot((int(space.n),))
    if isinstance(space, spaces.MultiDiscrete) and not space.start.any():
        return OneHot(tuple(space.nvec.flatten().tolist()))
    if isinstance(space, spaces.Box) and not inside and _is_image(space):
        sides, last = space.shape, space.shape[2] < space.shape[0]
        channels, height, width = (sides[2], *sides[:2]) if last else sides
        return Pixels(channels, height, width, last)
    if isinstance(space, (spaces.Box, spaces.MultiBinary)):
        return Vector(int(np.prod(space.shape)))
    if isinstance(space, (spaces.Dict, spaces.Tuple)):
        named: Iterable[tuple[str | int, spaces.Space[Any]]]
        named = space.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
        return Joined(tuple((key, encoding_for(part, inside=True)) for key, part in named if key != MASK))
    raise ValueError(
        f"{space} cannot be encoded; Box, Discrete, MultiDiscrete (from 0), MultiBinary, Dict and Tuple can"
    )


def legal(raw: Raw) -> Bools | None:
    """[B, V]: which actions are legal, where the environment says so; all where none is (the episode is over)."""
    if not isinstance(raw, dict) or MASK not in raw:
        return None
    mask = np.asarray(raw[MASK]).astype(np.bool_)
    return mask | ~mask.any(-1, keepdims=True)


def _is_image(space: spaces.Box) -> bool:
    shape = space.shape
    return space.dtype == np.uint8 and len(shape) == 3 and min(max(shape[0], shape[2]), shape[1]) >= SMALLEST


def _width(encoding: Encoding) -> int:
    observation = encoding.observation
    assert isinstance(observation, Features)
    return observation.size

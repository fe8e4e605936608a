"""Encodings of raw observations for policies: categories one-hot, parts concatenated, images unchanged.

Both adapters read raw batches through an Encoding, which the task defines or which follows from its space. Observations
without the declared shape and kind raise envs.custom.faults.InvalidOutput; they are never cut or rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces

from envs.api import Array, Bools, Features, Floats, Image
from envs.custom.faults import InvalidOutput

Raw = Any  # a batch from an environment: an array [B, ...], or a dictionary or tuple of arrays
MASK = "action_mask"  # the key of the legal actions in a dictionary, which is not part of the observation
SMALLEST = 36  # side in pixels of the smallest image for the convolutional policy; smaller grids are vectors


class Encoding(Protocol):
    """A frozen description of how raw observations are encoded; part of a task."""

    @property
    def observation(self) -> Features | Image:
        """The form of encoded observations."""

    def __call__(self, raw: Raw) -> Array:
        """[B, ...] -> float32 [B, size], or uint8 [B, C, H, W]; InvalidOutput for another shape or kind of numbers."""


@dataclass(frozen=True)
class Vector:
    """Numbers, flattened to one axis."""

    size: int

    @property
    def observation(self) -> Features:
        return Features(self.size)

    def __call__(self, raw: Raw) -> Floats:
        rows = _rows(raw, "biuf", "numbers", self.size)
        with np.errstate(over="ignore"):
            flat: Floats = rows.astype(np.float32, copy=False)
        if rows.dtype.itemsize > 4 and rows.dtype.kind == "f":
            lost = np.isinf(flat) & np.isfinite(rows)
            if lost.any():
                place = int(lost.any(axis=1).argmax())
                raise InvalidOutput(f"observed {rows[lost][0]:g}, which float32 cannot hold", place)
        return flat


@dataclass(frozen=True)
class OneHot:
    """Whole numbers 0..n-1, each as n numbers of which one is 1. `sizes` holds n for each observed number."""

    sizes: tuple[int, ...]

    @property
    def observation(self) -> Features:
        return Features(sum(self.sizes))

    def __call__(self, raw: Raw) -> Floats:
        side_by_side = np.stack(_equal_shapes(raw), -1) if isinstance(raw, tuple) else raw
        numbers = _rows(side_by_side, "biu", "whole numbers", len(self.sizes)).astype(np.int64)
        wrong = (numbers < 0) | (numbers >= self.sizes)
        if wrong.any():
            place = int(wrong.any(0).argmax())
            row = int(wrong[:, place].argmax())
            got = int(numbers[row, place])
            raise InvalidOutput(f"number {place} observed is {got}; it must lie in [0, {self.sizes[place]})", row)
        offsets = np.cumsum((0, *self.sizes[:-1]))
        encoded = np.zeros((len(numbers), sum(self.sizes)), np.float32)
        np.put_along_axis(encoded, numbers + offsets, 1.0, axis=1)
        return encoded


@dataclass(frozen=True)
class Pixels:
    """An image of bytes, channels first; `last` says that the environment has channels last."""

    channels: int
    height: int
    width: int
    last: bool = False

    @property
    def observation(self) -> Image:
        return Image(self.channels, self.height, self.width)

    def __call__(self, raw: Raw) -> Array:
        image, sides = np.asarray(raw), (self.height, self.width)
        expected = (*sides, self.channels) if self.last else (self.channels, *sides)
        if image.shape[1:] != expected or image.dtype != np.uint8:
            raise InvalidOutput(f"observed an image {image.shape[1:]} of {image.dtype}, not {expected} of uint8")
        return np.ascontiguousarray(np.moveaxis(image, -1, 1) if self.last else image)


@dataclass(frozen=True)
class Joined:
    """Parts of a dictionary or tuple, by name or index, concatenated in this order; other parts are ignored."""

    parts: tuple[tuple[str | int, Encoding], ...]

    @property
    def observation(self) -> Features:
        return Features(sum(_width(encoding) for _, encoding in self.parts))

    def __call__(self, raw: Raw) -> Floats:
        read = [self._part(raw, key, encoding) for key, encoding in self.parts]
        if len({len(part) for part in read}) > 1:
            raise InvalidOutput(f"observed parts of {', '.join(str(len(part)) for part in read)} rows")
        return np.concatenate(read, axis=1)

    def _part(self, raw: Raw, key: str | int, encoding: Encoding) -> Array:
        try:
            part = raw[key]
        except (KeyError, IndexError, TypeError):
            raise InvalidOutput(f"observed no part {key!r}, which its space declares") from None
        try:
            return encoding(part)
        except InvalidOutput as error:
            raise InvalidOutput(f"{error} (in part {key!r})", error.place) from error


def encoding_for(space: spaces.Space[Any], inside: bool = False) -> Encoding:
    """The default encoding of a space; ValueError if there is none.

    Discrete and MultiDiscrete are one-hot, and dictionaries and tuples are joined. A Box of bytes with three axes and
    sides of at least 36 is an image, unless it is a part of another space (`inside`). Other Boxes and MultiBinary are
    vectors.
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


def legal_actions(
    raw: Raw, info: Mapping[str, Any] | None = None, actions: int | None = None, ended: Bools | None = None
) -> Bools | None:
    """[B, V]: the legal actions, from the observation or else from `info`; all True if none is legal (after an end).

    actions  number of actions (0: they are not listed); None: not checked
    ended    [B]; with it, InvalidOutput for a running episode without legal actions
    """
    found = raw[MASK] if isinstance(raw, dict) and MASK in raw else None if info is None else info.get(MASK)
    if found is None:
        return None
    mask = np.asarray(found)
    if actions == 0:
        raise InvalidOutput("gave an action mask, and its actions are not listed (Discrete)")
    if mask.dtype.kind not in "biu" or not ((mask == 0) | (mask == 1)).all():
        raise InvalidOutput(f"gave an action mask of {mask.dtype}; it must hold 0 and 1, or booleans")
    if actions is not None and mask.shape[1:] != (actions,):
        raise InvalidOutput(f"gave an action mask of shape {mask.shape[1:]}, and not ({actions},)")
    allowed = mask.astype(np.bool_)
    none: Bools = ~np.asarray(allowed.any(-1))
    if ended is not None and (stuck := none & ~ended).any():
        raise InvalidOutput("allowed no action, and its episode goes on", int(stuck.argmax()))
    return allowed | none[:, None]


def _equal_shapes(parts: tuple[Any, ...]) -> list[Array]:
    arrays = [np.asarray(part) for part in parts]
    if len({array.shape for array in arrays}) > 1:
        raise InvalidOutput(f"observed numbers of shapes {', '.join(str(array.shape) for array in arrays)}")
    return arrays


def _rows(raw: Raw, kinds: str, what: str, size: int) -> Array:
    """[B, ...] as [B, size]; `kinds`: the allowed dtypes as numpy's kind letters."""
    try:
        array = np.asarray(raw)
    except ValueError as error:  # lists of unequal lengths
        raise InvalidOutput(f"observed no array: {error}") from error
    if array.dtype.kind not in kinds:
        raise InvalidOutput(f"observed {array.dtype}, not {what}")
    shape = array.shape[1:]
    if array.ndim == 0 or int(np.prod(shape)) != size:
        raise InvalidOutput(f"observed {int(np.prod(shape))} numbers, shape {shape}, and not {size}")
    return array.reshape(len(array), size)


def _is_image(space: spaces.Box) -> bool:
    shape = space.shape
    return space.dtype == np.uint8 and len(shape) == 3 and min(max(shape[0], shape[2]), shape[1]) >= SMALLEST


def _width(encoding: Encoding) -> int:
    observation = encoding.observation
    assert isinstance(observation, Features)
    return observation.size

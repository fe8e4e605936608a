"""Keys and values of the tokens that a decoder has read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

ROOM = 16  # the least number of tokens for which room is made


class Cache(NamedTuple):
    """What a decoder has read: which tokens were not padding [M, S], and each layer's keys and values."""

    valid: Tensor
    stores: tuple[Store, ...]

    def rows(self, index: Tensor) -> Cache:
        """A copy of the rows at these places [R]."""
        return Cache(self.valid[index], tuple(store.rows(index) for store in self.stores))


@dataclass
class _Room:
    """Tensors [M, heads, capacity, head_width], written up to `used` tokens."""

    key: Tensor
    value: Tensor
    used: int


class Store:
    """The first `length` keys and values in a room that longer stores share.

    Appending writes behind them in place, so that a token costs the same however long the text is. It copies where the
    room is full, where another store has already written behind this one, and where a gradient is wanted.
    """

    def __init__(self, room: _Room | None, length: int) -> None:
        self._room, self._length = room, length

    @classmethod
    def empty(cls) -> Store:
        return cls(None, 0)

    @property
    def key(self) -> Tensor:
        """[M, heads, length, head_width]"""
        assert self._room is not None
        return self._room.key[:, :, : self._length]

    @property
    def value(self) -> Tensor:
        assert self._room is not None
        return self._room.value[:, :, : self._length]

    def rows(self, index: Tensor) -> Store:
        """A copy of the rows at these places [R], with some room."""
        assert self._room is not None
        key, value = (x.index_select(0, index) for x in (self.key, self.value))
        if not (torch.is_grad_enabled() and (key.requires_grad or value.requires_grad)):
            capacity = max(ROOM, self._room.key.shape[2])
            key, value = _roomier(key, capacity), _roomier(value, capacity)
        return Store(_Room(key, value, self._length), self._length)

    def append(self, key: Tensor, value: Tensor) -> Store:
        """This store with the keys and values [M, heads, K, head_width] of K more tokens."""
        room, length = self._room, self._length + key.shape[2]
        if room is None:
            return Store(_Room(key, value, length), length)
        if torch.is_grad_enabled() and any(x.requires_grad for x in (key, value, room.key, room.value)):
            return Store(_Room(torch.cat([self.key, key], 2), torch.cat([self.value, value], 2), length), length)
        if room.used != self._length or length > room.key.shape[2]:
            capacity = max(ROOM, 2 * length)
            room = _Room(_roomier(self.key, capacity), _roomier(self.value, capacity), self._length)
        room.key[:, :, self._length : length] = key
        room.value[:, :, self._length : length] = value
        room.used = length
        return Store(room, length)


def _roomier(x: Tensor, capacity: int) -> Tensor:
    room = x.new_empty((*x.shape[:2], capacity, x.shape[3]))
    room[:, :, : x.shape[2]] = x
    return room

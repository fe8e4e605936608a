"""`--shard i/n`: a part of the work that follows from the command alone, for machines that share nothing.

The work is dealt out by its expected seconds, the longest piece first, each to the share that has least so far. The same
command of the same version deals alike everywhere, whatever has been done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from envs.validation import UsageError

T = TypeVar("T")
DIGITS = 3  # of expected seconds: processors may differ in the last bits of a float


@dataclass(frozen=True)
class Shard:
    """The share with this number of `count` shares, 1 to `count`."""

    number: int
    count: int

    @staticmethod
    def read(text: str) -> Shard:
        """`1/4` as the first of four. UsageError for anything else."""
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if match is None:
            raise UsageError(f"--shard takes i/n, such as 1/4 for the first of four shares, not {text!r}")
        number, count = int(match[1]), int(match[2])
        if not 1 <= number <= count:
            allowed = f"i from 1 to n, here 1/{count} to {count}/{count}" if count else "n at least 1"
            raise UsageError(f"--shard takes i/n with {allowed}, not {text!r}")
        return Shard(number, count)

    def of(self, work: Sequence[T], key: Callable[[T], str], seconds: Callable[[T], float]) -> list[T]:
        """This share of the work, in its order.

        key      a piece's own name, which is unique: of pieces that take equally long the first goes first
        seconds  about how long a piece takes
        """
        names = [key(piece) for piece in work]
        expected = [float(f"{seconds(piece):.{DIGITS}g}") for piece in work]
        loads, share = [0.0] * self.count, set[str]()
        for i in sorted(range(len(work)), key=lambda i: (-expected[i], names[i])):
            least = min(range(self.count), key=lambda number: loads[number])
            loads[least] += expected[i]
            if least == self.number - 1:
                share.add(names[i])
        return [piece for piece, name in zip(work, names, strict=True) if name in share]

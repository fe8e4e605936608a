"""How long values have not changed, by the clock of whoever looks: clocks of other machines are not compared with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable


class Observer:
    """Remembers each value and when it was first seen.

    clock  seconds, of which only differences count
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Hashable, tuple[Hashable, float]] = {}

    def unchanged_s(self, key: Hashable, value: Hashable) -> float:
        """Seconds since `value` was first seen under `key` without another in between; 0 at the first look."""
        now = self._clock()
        before, since = self._seen.get(key, (None, now))
        if key not in self._seen or before != value:
            since = now
            self._seen[key] = value, now
        return now - since

    def forget(self, key: Hashable) -> None:
        """Remember nothing under `key`."""
        self._seen.pop(key, None)

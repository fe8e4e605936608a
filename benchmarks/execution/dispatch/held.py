"""The jobs of a dispatcher that other drivers have."""

from __future__ import annotations

from collections import deque

from benchmarks.execution.dispatch.entries import Entry
from benchmarks.execution.engine import Message

LOOK_AGAIN_S, MOST_LOOKS = 5.0, 64  # between two looks, and at how many jobs each time


class HeldJobs:
    """Jobs that other drivers have, and when they are looked at again."""

    def __init__(self, now: float) -> None:
        self._held: deque[tuple[Entry, str]] = deque()  # and who has it
        self._look_again_s = now + LOOK_AGAIN_S
        self._said = False

    def __bool__(self) -> bool:
        return bool(self._held)

    def add(self, entry: Entry, who: str) -> None:
        """One more."""
        self._held.append((entry, who))

    def due(self, now: float, most: int) -> list[Entry]:
        """Up to `most` jobs to look at again now, which are held no longer until they are added anew."""
        if now < self._look_again_s:
            return []
        self._look_again_s = now + LOOK_AGAIN_S
        return [self._held.popleft()[0] for _ in range(min(MOST_LOOKS, most, len(self._held)))]

    def note(self) -> Message | None:
        """Whom the driver waits for, said once."""
        if self._said:
            return None
        self._said = True
        entry, who = self._held[0]
        others = f", and for {len(self._held) - 1} more" if len(self._held) > 1 else ""
        return Message(entry.index, note=f"{who} has it; waiting for its result{others}")

    def leave(self) -> list[tuple[Entry, Message]]:
        """All of them, which end here without a result."""
        left = [(entry, Message(entry.index, ended=True, elsewhere=who)) for entry, who in self._held]
        self._held.clear()
        return left

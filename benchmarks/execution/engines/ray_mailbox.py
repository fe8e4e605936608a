"""The messages of running jobs on a cluster: workers put them, the driver takes them. No result depends on it.

They stay pickled here, so that this process need not import torch.
"""

from __future__ import annotations

import asyncio
from collections import deque

MOST = 10_000  # messages that are kept for a driver that does not take them
GATHER_S = 0.1  # so that the driver takes many at once


class Mailbox:
    """An actor of Ray."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque(maxlen=MOST)
        self._some = asyncio.Event()

    async def put(self, message: bytes) -> None:
        """Leave a message."""
        self._messages.append(message)
        self._some.set()

    async def take(self) -> list[bytes]:
        """All messages; waits for one where there is none."""
        await self._some.wait()
        await asyncio.sleep(GATHER_S)
        return await self.drain()

    async def drain(self) -> list[bytes]:
        """All messages that there are."""
        messages, self._messages = list(self._messages), deque(maxlen=MOST)
        self._some.clear()
        return messages

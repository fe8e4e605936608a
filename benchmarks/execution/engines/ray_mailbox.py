"""The messages of running jobs on a cluster: workers put them, the driver takes them. No result depends on it.

They stay pickled here, so that this process need not import torch.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pickle
from collections import deque
from typing import Any

MOST = 10_000  # messages that are kept for a driver that does not take them
GATHER_S = 0.1  # so that the driver takes many at once
DRAIN_S = 2.0  # how long the last messages of a job that has ended may take


class Mailbox:
    """An actor of Ray."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque(maxlen=MOST)
        self._some = asyncio.Event()
        self._taken = 0

    async def put(self, message: bytes) -> None:
        """Leave a message."""
        self._messages.append(message)
        self._some.set()

    async def take(self) -> list[bytes]:
        """All messages; waits for one where there is none."""
        await self._some.wait()
        await asyncio.sleep(GATHER_S)
        self._taken += 1
        return self._all()

    async def drain(self) -> tuple[int, list[bytes]]:
        """How many calls of `take` have been answered, and all messages that are still here."""
        return self._taken, self._all()

    def _all(self) -> list[bytes]:
        messages, self._messages = list(self._messages), deque(maxlen=MOST)
        self._some.clear()
        return messages


class Letters:
    """The driver's end of a mailbox. Where the mailbox is lost, another is opened.

    box  what workers write to      next  what `ray.wait` waits for: it is ready when messages have come
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._open()

    def _open(self) -> None:
        """In this machine's node, which has our code."""
        here = self._ray.get_runtime_context().get_node_id()
        strategies: Any = importlib.import_module("ray.util.scheduling_strategies")
        place = strategies.NodeAffinitySchedulingStrategy(here, soft=False)
        self.box = self._ray.remote(Mailbox).options(num_cpus=0, scheduling_strategy=place).remote()
        self.next = self.box.take.remote()
        self._received = 0

    def take(self) -> list[Any]:
        """The messages that have come."""
        try:
            messages = [pickle.loads(message) for message in self._ray.get(self.next)]
            self.next = self.box.take.remote()
            self._received += 1
        except self._ray.exceptions.RayError:
            self._open()
            return []
        return messages

    def drain(self) -> list[Any]:
        """What is in the mailbox now, and what has left it and is still on the way."""
        try:
            taken, messages = self._ray.get(self.box.drain.remote(), timeout=DRAIN_S)
        except self._ray.exceptions.RayError:
            return []
        return [*(self.take() if taken > self._received else []), *map(pickle.loads, messages)]

    def close(self) -> None:
        """Remove the mailbox."""
        with contextlib.suppress(Exception):  # the cluster may be gone
            self._ray.kill(self.box)

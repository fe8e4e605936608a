"""`--cell-memory`: a worker that has more memory resident than it may ends itself, and says so first."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.execution.engine import Message

LOOK_EVERY_S = 0.2
GIB = 2**30


class Sender:
    """Sends the messages of a worker's job, also from a thread that ends the worker."""

    def __init__(self, send: Callable[[Message], object]) -> None:
        self._send, self._lock = send, threading.Lock()
        self._index: int | None = None

    def begin(self, index: int) -> None:
        """The messages that come are of this job."""
        self._index = index

    def __call__(self, message: Message) -> None:
        with self._lock:
            self._send(message)
            if message.ended:
                self._index = None

    def idle(self) -> None:
        """The job has ended."""
        with self._lock:
            self._index = None

    def end_and_leave(self, error: str) -> None:
        """Send the end of the job, and end this process; without a job nothing happens."""
        with self._lock:
            if self._index is not None:
                self._send(Message(self._index, ended=True, error=error, leaves=True))
                os._exit(1)


def watch_memory(limit: int, leave: Callable[[str], object]) -> None:
    """Look from a thread at the memory that this process and its children have resident, in bytes (Linux)."""

    def look() -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            if (used := resident(os.getpid())) > limit:
                leave(f"it used {used / GIB:.2f} GiB of memory, more than the {limit / GIB:.2f} GiB of --cell-memory")

    threading.Thread(target=look, daemon=True).start()


def resident(process: int) -> int:
    """Bytes that a process and its children have resident; 0 where it has ended or the system does not say."""
    folder = Path("/proc") / str(process)
    try:
        pages = int((folder / "statm").read_text().split()[1])
        children = [int(c) for task in (folder / "task").iterdir() for c in (task / "children").read_text().split()]
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(child) for child in children)

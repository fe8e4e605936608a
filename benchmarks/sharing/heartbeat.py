"""A thread that shows other drivers that this process is alive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.sharing.claims import Claims

BEAT_EVERY_S = 15.0


@contextmanager
def kept_alive(claims: Claims, every_s: float = BEAT_EVERY_S) -> Iterator[Claims]:
    """Within it the claims get a sign of life every so many seconds; at its end all that are held are given up."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(every_s):
            claims.beat()

    thread = threading.Thread(target=work, name="claims", daemon=True)
    thread.start()
    try:
        yield claims
    finally:
        ended.set()
        thread.join()
        claims.release_all()

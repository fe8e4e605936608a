"""Processes that do next to nothing: which of them is waited for, and what its next message is."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

from algorithms.asynchronous.workers import Ready, Workers


def leaves(pipe: Connection, left: Event) -> None:
    """Says that it is ready and is gone."""
    pipe.send(Ready())
    pipe.close()
    left.set()


def comes_late(pipe: Connection, left: Event) -> None:
    """Is ready only a while after the other has left, and then answers once."""
    left.wait()
    time.sleep(0.5)
    pipe.send(Ready())
    pipe.send(f"heard {pipe.recv()}")
    pipe.recv()


def test_who_is_lost_after_being_ready_is_not_counted_for_another_who_is_not() -> None:
    """Were it, the late one's Ready would come as a message, where a rollout is expected."""
    context = multiprocessing.get_context("spawn")
    left = context.Event()
    with Workers(context, [(leaves, (left,)), (comes_late, (left,))], patience_s=60.0) as workers:
        assert [*workers.alive] == [1]
        workers.send(1, "hello")
        assert workers.next() == (1, "heard hello")
    (notice,) = workers.notices
    assert notice.startswith("actor 0 is lost")

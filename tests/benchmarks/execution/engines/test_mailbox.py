"""The mailbox of running jobs, without a cluster: no message is lost between two ways of taking it."""

from __future__ import annotations

import asyncio
import pickle
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.execution.engines import ray_mailbox
from benchmarks.execution.engines.ray_mailbox import Letters, Mailbox


class Calls:
    """Calls of the actor's methods, which run as soon as their answer is wanted."""

    class RayError(Exception):
        """As Ray's."""

    def __init__(self) -> None:
        self.loop, self.box, self.exceptions = (
            asyncio.new_event_loop(),
            Mailbox(),
            SimpleNamespace(RayError=self.RayError),
        )

    def method(self, name: str) -> Any:
        return SimpleNamespace(remote=lambda *given: self.loop.create_task(getattr(self.box, name)(*given)))

    def get(self, call: asyncio.Task[Any], timeout: float | None = None) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(call, timeout))


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A driver's end of a mailbox, and the calls behind it."""
    calls = Calls()

    def opened(self: Letters) -> None:
        self.box = SimpleNamespace(**{name: calls.method(name) for name in ("put", "take", "drain")})
        self.next, self._received = self.box.take.remote(), 0

    monkeypatch.setattr(Letters, "_open", opened)
    monkeypatch.setattr(ray_mailbox, "GATHER_S", 0.0)
    made = Letters(calls)
    yield made, calls
    made.next.cancel()
    calls.loop.run_until_complete(asyncio.sleep(0))
    calls.loop.close()


def test_what_was_taken_and_has_not_come_yet_is_drained_too(letters: Any) -> None:
    """Of three messages the first two are on the way when the mailbox is drained: all come, in their order, once."""
    driver, calls = letters
    for word in ("begun", "half"):
        calls.get(driver.box.put.remote(pickle.dumps(word)))
    calls.get(driver.next)  # it is answered, and the driver has not looked
    calls.get(driver.box.put.remote(pickle.dumps("whole")))
    assert driver.drain() == ["begun", "half", "whole"]
    assert driver.drain() == []


def test_where_nothing_is_on_the_way_only_the_mailbox_is_drained(letters: Any) -> None:
    driver, calls = letters
    calls.get(driver.box.put.remote(pickle.dumps("one")))
    assert driver.take() == ["one"]
    waiting = driver.next
    assert driver.drain() == []
    assert driver.next is waiting  # the call that waits for a message still waits

"""A clock and an engine whose every step the test decides."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Job, Message
from tests.benchmarks.execution.engines.work import Work, touch


class Clock:
    """Seconds that pass when the test says so, or while the dispatcher waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Scripted:
    """An engine of several machines that does nothing by itself: each wait is a second, at whose end `script` acts."""

    clock: Clock
    slots: int = 2
    one_machine: bool = False
    machines: int = 4  # each runs one job, whose name is its own
    jobs: list[Job] = field(default_factory=list)
    not_on: list[set[str]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    coming: deque[tuple[float, Message]] = field(default_factory=deque)  # (at second, message)

    @property
    def window(self) -> int:
        return self.slots if self.one_machine else 2 * max(1, self.slots)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        self.jobs.append(job)
        self.not_on.append(set(not_on))
        return len(self.jobs) - 1

    def machine(self, index: int) -> str | None:
        return None if self.one_machine else self.names[index]

    def elsewhere(self, not_on: Collection[str]) -> bool:
        return len(not_on) < self.machines

    def receive(self, wait_s: float) -> list[Message]:
        self.clock.now += wait_s
        due = [message for at, message in self.coming if at <= self.clock.now]
        self.coming = deque((at, message) for at, message in self.coming if at > self.clock.now)
        return [message for message in due if message.index not in self.cancelled]

    def cancel(self, index: int) -> None:
        self.cancelled.append(index)

    @property
    def names(self) -> list[str]:
        return [job.label for job in self.jobs]


@dataclass(frozen=True)
class Repeatable(Work):
    """A job that has second copies."""

    def second(self) -> Repeatable:
        return replace(self, path=self.path.parent.parent / "copies" / self.path.name)


def works(folder: Path, names: str, seconds: float = 0.0) -> list[Repeatable]:
    (folder / "cells").mkdir(exist_ok=True)
    return [Repeatable(touch, folder / "cells" / name, expected_seconds=seconds) for name in names]


def ends(dispatcher: Dispatcher) -> list[tuple[int, str | None]]:
    return [(message.index, message.error) for message in dispatcher.messages() if message.ended]

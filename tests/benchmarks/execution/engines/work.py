"""Jobs of tests, which call a function, and how they end on an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Engine, Message, OnEvent, Origin
from benchmarks.execution.sinks.live import LiveLogs

Body = Callable[[str, Path, OnEvent], None]


@dataclass(frozen=True)
class Work:
    """A job that calls `body(name, path, tell)`."""

    body: Body
    path: Path
    seeds: tuple[int, ...] = (0,)
    member_steps: int = 0
    expected_seconds: float = 0.0
    computes_on: str = "cpu"

    @property
    def label(self) -> str:
        return self.path.name

    def run(self, tell: OnEvent, origin: Origin) -> None:
        self.body(self.label, self.path, tell)

    def log(self, live: LiveLogs, message: Message) -> None:
        return

    def second(self) -> Work | None:
        return None

    def same_numbers(self, other: Path) -> bool:
        return self.path.read_bytes() == other.read_bytes()


def touch(name: str, path: Path, tell: OnEvent) -> None:
    path.touch()


def dispatched(
    engine: Engine, folder: Path, names: Sequence[str], body: Body, timeout_s: float | None = None
) -> tuple[list[Message], dict[str, str | None]]:
    """The messages of jobs of these names, and how each ended."""
    heard, ends = [], {}
    dispatcher = Dispatcher(engine, timeout_s)
    index = {dispatcher.submit(Work(body, folder / name)): name for name in names}
    for message in dispatcher.messages():
        heard.append(message)
        if message.ended:
            assert index[message.index] not in ends
            ends[index[message.index]] = message.error
    return heard, ends

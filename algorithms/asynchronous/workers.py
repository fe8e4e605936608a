"""Worker processes of a run: start, receive messages, stop after a time-out, and shut down."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from types import TracebackType
from typing import Any, NamedTuple

from envs.custom.faults import EnvironmentFault

START_S, STOP_S = 120.0, 2.0  # seconds that a process may take to start, and to end after a request
START = "spawn"  # how processes are started (multiprocessing.get_context); a fork has no threads of torch


Job = tuple[Callable[..., None], tuple[Any, ...]]  # a process calls the function with its pipe and these arguments


def start_context() -> Any:
    """The multiprocessing context that makes the worker processes, and the memory that they share."""
    return get_context(START)


class NoWorkersLeft(RuntimeError):
    """All workers have ended."""


class Ready(NamedTuple):
    """The message of a process that can begin."""


class Failed(NamedTuple):
    """The message of a process that cannot continue.

    fault  whether the environment is at fault; the others would have the same error, so the run ends
    """

    reason: str
    fault: bool = False

    @classmethod
    def of(cls, error: BaseException) -> Failed:
        """The message of an error with the end of its traceback; an EnvironmentFault needs no traceback."""
        if isinstance(error, EnvironmentFault):
            return cls(str(error), True)
        return cls(f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-3)}")


@dataclass
class Worker:
    """One process.

    pending    number of messages expected from it
    last_seen  time of its last message, or of the first request
    """

    number: int
    process: SpawnProcess
    pipe: Connection
    pending: int = 0
    last_seen: float = field(default_factory=time.monotonic)

    def ask(self) -> None:
        """Expect one more message."""
        if not self.pending:
            self.last_seen = time.monotonic()
        self.pending += 1

    def expect(self) -> None:
        """Expect one more message that needs no request."""
        self.pending = 1

    def answer(self) -> None:
        """Count a received message."""
        self.last_seen, self.pending = time.monotonic(), max(0, self.pending - 1)


class Workers:
    """A context manager: all workers have started inside it, and all have ended after it.

    alive     live workers by number
    messages  (number, message) in order of arrival
    notices   messages for the user; the code that passes them on clears the list
    """

    def __init__(self, context: SpawnContext, jobs: Sequence[Job], patience_s: float) -> None:
        self.alive: dict[int, Worker] = {}
        self.messages: deque[tuple[int, Any]] = deque()
        self.notices: list[str] = []
        self._last_loss = ""  # the last notice of a lost worker, which may have been passed on already
        self._patience_s = patience_s
        for number, (job, arguments) in enumerate(jobs):
            ours, theirs = context.Pipe()
            process = context.Process(target=job, args=(theirs, *arguments), daemon=True)
            process.start()
            theirs.close()  # now only the worker holds its end: when it ends, reading from ours ends
            self.alive[number] = Worker(number, process, ours)

    def __enter__(self) -> Workers:
        try:
            self._await_all()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _await_all(self) -> None:
        """Wait until every worker has sent Ready."""
        ready: set[int] = set()
        until = time.monotonic() + START_S
        while self.alive.keys() - ready:
            self._listen(max(0.0, until - time.monotonic()))
            while self.messages:
                number, _ = self.messages.popleft()
                ready.add(number)
            if time.monotonic() > until:
                for number in self.alive.keys() - ready:
                    self._lose(number, f"it did not start within {START_S:g} s")
            self._check()

    def send(self, number: int, message: object) -> None:
        """Send to one of them, and expect its answer."""
        worker = self.alive[number]
        try:
            worker.pipe.send(message)
        except OSError:
            self._lose(number, self._end_of(worker))
            return
        worker.ask()

    def expect(self, number: int) -> None:
        """Expect one more message from a worker that needs no request, if it is alive."""
        if number in self.alive:
            self.alive[number].expect()

    def next(self) -> tuple[int, Any] | None:
        """Wait for the next message. None if none is pending, for example because its worker was lost.

        NoWorkersLeft if no worker is alive.
        """
        self.listen()
        while not self.messages:
            self._check()
            if not any(worker.pending for worker in self.alive.values()):
                return None
            self._listen(self._patience_left())
        return self.messages.popleft()

    def listen(self) -> None:
        """Receive the messages that have arrived, without waiting."""
        self._listen(0.0)

    def _listen(self, seconds: float) -> None:
        by_pipe = {worker.pipe: worker for worker in self.alive.values()}
        for pipe in wait(list(by_pipe), seconds):
            self._receive(by_pipe[pipe])  # type: ignore[index]
        for worker in [w for w in self.alive.values() if w.pending and self._left(w) <= 0]:
            self._lose(worker.number, f"it was silent for {self._patience_s:g} s")

    def _receive(self, worker: Worker) -> None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            self._lose(worker.number, self._end_of(worker))
            return
        worker.answer()
        if isinstance(message, Failed) and message.fault:
            raise EnvironmentFault(message.reason)
        if isinstance(message, Failed):
            self._lose(worker.number, message.reason)
        else:
            self.messages.append((worker.number, message))

    def _left(self, worker: Worker) -> float:
        return worker.last_seen + self._patience_s - time.monotonic()

    def _patience_left(self) -> float:
        return max(0.0, min(self._left(worker) for worker in self.alive.values() if worker.pending))

    def _end_of(self, worker: Worker) -> str:
        worker.process.join(STOP_S)
        code = worker.process.exitcode
        return f"it was killed by signal {-code}" if code is not None and code < 0 else f"it ended with code {code}"

    def _lose(self, number: int, why: str) -> None:
        worker = self.alive.pop(number)
        _end([worker])
        left = len(self.alive)
        on = f"the run goes on with {left}" if left else "none is left"
        self._last_loss = f"actor {number} is lost ({why}); {on}"
        self.notices.append(self._last_loss)

    def _check(self) -> None:
        if not self.alive:
            raise NoWorkersLeft("; ".join(self.notices) or self._last_loss or "no actor is left")

    def close(self) -> None:
        """Ask all workers to stop, and end those that do not."""
        workers = list(self.alive.values())
        for worker in workers:
            with contextlib.suppress(OSError):
                worker.pipe.send(None)
        until = time.monotonic() + STOP_S
        for worker in workers:
            worker.process.join(max(0.0, until - time.monotonic()))
        _end(workers)
        self.alive.clear()


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(STOP_S)
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()

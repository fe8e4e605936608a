"""Processes that work for a run, and what becomes of them: started, listened to, given up, stopped."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from types import TracebackType
from typing import Any, NamedTuple

from envs.faults import EnvironmentFault

START_S, STOP_S = 120.0, 2.0  # how long a process may take to start, and to end when it is asked to


Job = tuple[Callable[..., None], tuple[Any, ...]]  # a process calls the first with its pipe and the second


class NoWorkersLeft(RuntimeError):
    """No process of a fleet works any more."""


class Ready(NamedTuple):
    """What a process sends when it can begin."""


class Failed(NamedTuple):
    """What it sends when it cannot go on.

    fault  of the environment: the others would meet it too, so the run ends with it
    """

    why: str
    fault: bool = False

    @classmethod
    def of(cls, error: BaseException) -> Failed:
        """An error with the end of its traceback; an EnvironmentFault says all by itself."""
        if isinstance(error, EnvironmentFault):
            return cls(str(error), True)
        return cls(f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-3)}")


@dataclass
class Worker:
    """One process. owed: how many of its messages are waited for."""

    number: int
    process: SpawnProcess
    pipe: Connection
    owed: int = 0
    heard: float = field(default_factory=time.monotonic)


class Workers:
    """As a context: inside all have started, outside none is left.

    news     (who, message) in the order in which they came
    notices  what a reader must know, emptied by whoever tells it
    """

    def __init__(self, context: SpawnContext, jobs: Sequence[Job], patience_s: float) -> None:
        self.hands: dict[int, Worker] = {}
        self.news: deque[tuple[int, Any]] = deque()
        self.notices: list[str] = []
        self._patience_s = patience_s
        for number, (job, arguments) in enumerate(jobs):
            ours, theirs = context.Pipe()
            process = context.Process(target=job, args=(theirs, *arguments), daemon=True)
            process.start()
            theirs.close()  # now its end is held by it alone: when it dies, reading from ours ends
            self.hands[number] = Worker(number, process, ours)

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
        """Until everybody has said that it is ready."""
        ready: set[int] = set()
        until = time.monotonic() + START_S
        while self.hands.keys() - ready:
            self._listen(max(0.0, until - time.monotonic()))
            while self.news:
                number, _ = self.news.popleft()
                ready.add(number)
            if time.monotonic() > until:
                for number in self.hands.keys() - ready:
                    self._lose(number, f"it did not start within {START_S:g} s")
            self._check()

    def send(self, number: int, message: object) -> None:
        """To one of them, who owes an answer."""
        hand = self.hands[number]
        try:
            hand.pipe.send(message)
        except OSError:
            self._lose(number, self._end_of(hand))
            return
        if not hand.owed:
            hand.heard = time.monotonic()
        hand.owed += 1

    def next(self) -> tuple[int, Any] | None:
        """The next news; waits for it. None where nobody owes any: who owed it may have been lost while we waited.

        NoWorkersLeft where there is nobody to ask.
        """
        self.listen()
        while not self.news:
            self._check()
            if not any(hand.owed for hand in self.hands.values()):
                return None
            self._listen(self._patience_left())
        return self.news.popleft()

    def listen(self) -> None:
        """Take in what has come, without waiting."""
        self._listen(0.0)

    def _listen(self, seconds: float) -> None:
        by_pipe = {hand.pipe: hand for hand in self.hands.values()}
        for pipe in wait(list(by_pipe), seconds):
            self._receive(by_pipe[pipe])  # type: ignore[index]
        for hand in [h for h in self.hands.values() if h.owed and self._left(h) <= 0]:
            self._lose(hand.number, f"it was silent for {self._patience_s:g} s")

    def _receive(self, hand: Worker) -> None:
        try:
            message = hand.pipe.recv()
        except (EOFError, OSError):
            self._lose(hand.number, self._end_of(hand))
            return
        hand.heard, hand.owed = time.monotonic(), max(0, hand.owed - 1)
        if isinstance(message, Failed) and message.fault:
            raise EnvironmentFault(message.why)
        if isinstance(message, Failed):
            self._lose(hand.number, message.why)
        else:
            self.news.append((hand.number, message))

    def _left(self, hand: Worker) -> float:
        return hand.heard + self._patience_s - time.monotonic()

    def _patience_left(self) -> float:
        return max(0.0, min(self._left(hand) for hand in self.hands.values() if hand.owed))

    def _end_of(self, hand: Worker) -> str:
        hand.process.join(STOP_S)
        code = hand.process.exitcode
        return f"it was killed by signal {-code}" if code is not None and code < 0 else f"it ended with code {code}"

    def _lose(self, number: int, why: str) -> None:
        hand = self.hands.pop(number)
        _end([hand])
        left = len(self.hands)
        on = f"the run goes on with {left}" if left else "none is left"
        self.notices.append(f"actor {number} is lost ({why}); {on}")

    def _check(self) -> None:
        if not self.hands:
            raise NoWorkersLeft("; ".join(self.notices) or "no actor is left")

    def close(self) -> None:
        """Ask all to stop, and end those that do not."""
        hands = list(self.hands.values())
        for hand in hands:
            with contextlib.suppress(OSError):
                hand.pipe.send(None)
        until = time.monotonic() + STOP_S
        for hand in hands:
            hand.process.join(max(0.0, until - time.monotonic()))
        _end(hands)
        self.hands.clear()


def _end(hands: list[Worker]) -> None:
    for hand in hands:
        hand.process.terminate()
    for hand in hands:
        hand.process.join(STOP_S)
        if hand.process.exitcode is None:
            hand.process.kill()
            hand.process.join()
        hand.pipe.close()

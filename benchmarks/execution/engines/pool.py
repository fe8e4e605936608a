"""The local engine: a pool of one-thread processes, each kept from job to job.

Every worker has a pipe of its own and one job at a time, so that the job of a worker that dies is known.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType, TracebackType
from typing import Any, Self

from benchmarks.execution.engine import Job, Message, Setup
from benchmarks.execution.engines.worker import ONE_THREAD, STOP, packed, serve
from benchmarks.validation.program import ours_found
from benchmarks.validation.usage import describe_error, describe_exit

LOOK_EVERY_S = 1.0  # at workers that died and whose pipe a process of theirs still holds open
STOP_S = 3.0  # how long a worker may take to end
# how processes are started (multiprocessing.get_context). On Linux they fork from a server that has imported JOBS, nothing
# else: importing torch takes two seconds, and its pages are shared. Elsewhere a fork after such imports is not safe.
START = "forkserver" if sys.platform == "linux" else "spawn"
JOBS = "benchmarks.execution.jobs"


@dataclass
class _Worker:
    """A process, the pipe to it, and the job that it has (None: it waits for one)."""

    process: BaseProcess
    pipe: Connection
    index: int | None = None


class Pool:
    """The engine of one machine (execution.engine). As a context: leaving it early stops the workers."""

    one_machine = True

    def __init__(self, setup: Setup) -> None:
        os.environ.update(ONE_THREAD)
        self._context: Any = multiprocessing.get_context(START)
        self._context.set_forkserver_preload([JOBS])
        self._setup, self._submitted = setup, 0
        self._jobs: dict[int, Job] = {}  # that have not ended, by index
        self._queue: deque[int] = deque()
        self._workers: list[_Worker] = []
        self._undelivered: deque[Message] = deque()

    @property
    def slots(self) -> int:
        return self._setup.at_once

    @property
    def window(self) -> int:
        return self._setup.at_once

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        workers, self._workers = self._workers, []
        if kind is None and not self._jobs:
            _stop_when_idle(workers)
        _end(workers)

    def machine(self, index: int) -> str | None:
        """All processes are of this machine."""
        return None

    def elsewhere(self, not_on: Collection[str]) -> bool:
        """There is no other."""
        return False

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        """Queue a job; returns the index that its messages will carry."""
        index, self._submitted = self._submitted, self._submitted + 1
        self._jobs[index] = job
        self._queue.append(index)
        self._assign_jobs()
        return index

    def receive(self, wait_s: float) -> list[Message]:
        """Messages that have come, or that come within `wait_s`."""
        self._assign_jobs()
        self._read_pipes(0.0 if self._undelivered else wait_s)
        messages, self._undelivered = list(self._undelivered), deque()
        return messages

    def cancel(self, index: int) -> None:
        """End a job by force. No message of it comes afterwards."""
        if index in self._queue:
            self._queue.remove(index)
        for worker in [w for w in self._workers if w.index == index]:
            worker.process.kill()  # what hangs does not listen
            worker.process.join()
            self._forget(worker)
        self._jobs.pop(index, None)
        self._undelivered = deque(message for message in self._undelivered if message.index != index)

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.index is not None]

    def _assign_jobs(self) -> None:
        """Assign jobs to idle workers."""
        while self._queue and len(self._busy()) < self.slots:
            self._assign(self._queue.popleft())

    def _assign(self, index: int) -> None:
        try:
            content = pickle.dumps((index, packed(self._jobs[index])))
        except Exception as error:  # a task or variant that pickle cannot take
            self._end_job(Message(index, ended=True, error=describe_error(error)))
            return
        worker = self._idle() or self._start()
        worker.index = index
        self._undelivered.append(Message(index))
        try:
            worker.pipe.send_bytes(content)
        except OSError:
            self._handle_death(worker)

    def _idle(self) -> _Worker | None:
        """A worker that waits for a job; workers that died while waiting are removed."""
        dead = [w for w in self._workers if w.index is None and w.process.exitcode is not None]
        for worker in dead:
            self._forget(worker)
        return next((w for w in self._workers if w.index is None), None)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, self._setup.origin, self._setup.memory))
        with _no_main_module(), ours_found():
            process.start()
        theirs.close()  # now its end is held by the worker alone: when it dies, reading from ours ends
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _read_pipes(self, wait_s: float) -> None:
        """Wait for a message of a busy worker, and read all that there are."""
        busy = self._busy()
        if not busy:
            return
        wait([w.pipe for w in busy] + [w.process.sentinel for w in busy], min(wait_s, LOOK_EVERY_S))
        for worker in busy:
            dead = worker.process.exitcode is not None  # before its pipe is read to the end
            if (not self._read(worker) or dead) and worker.index is not None:
                self._handle_death(worker)

    def _read(self, worker: _Worker) -> bool:
        """Read what lies in a worker's pipe. False where its other end is closed."""
        try:
            while worker.pipe.poll():
                message: Message = worker.pipe.recv()
                if message.ended:
                    worker.index = None
                    self._end_job(message)
                    if message.leaves:
                        _end([worker])
                        self._forget(worker)
                        return True
                else:
                    self._undelivered.append(message)
        except (EOFError, OSError):
            return False
        return True

    def _end_job(self, message: Message) -> None:
        del self._jobs[message.index]
        self._undelivered.append(message)

    def _handle_death(self, worker: _Worker) -> None:
        """A worker died during its job."""
        index = worker.index
        assert index is not None
        worker.process.join(STOP_S)
        code = worker.process.exitcode
        how = "closed its pipe, and was ended" if code is None else describe_exit(code)
        _end([worker])
        self._forget(worker)
        self._end_job(Message(index, ended=True, lost=how))

    def _forget(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.pipe.close()


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Processes that are started here do not run the caller's script again, as multiprocessing otherwise has them do.

    Jobs bring what they need of it by value (worker.packed), so that a script needs no `if __name__ == "__main__"`.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _stop_when_idle(workers: list[_Worker]) -> None:
    for worker in workers:
        try:
            worker.pipe.send_bytes(STOP)
        except OSError:
            continue
    until = time.monotonic() + STOP_S
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))


def _end(workers: list[_Worker]) -> None:
    """End the processes that still run, by force where they do not listen (a thread of an environment may hold one)."""
    for worker in workers:
        worker.process.terminate()
    until = time.monotonic() + STOP_S
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()


def available_processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

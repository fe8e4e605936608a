"""The local engine: a pool of one-thread processes, each kept from job to job.

Every worker has a pipe of its own and one job at a time, so that the job of a worker that dies is known. That job is
retried alone after all others, because another job may have used up the memory. A job whose worker dies twice has failed.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType, TracebackType
from typing import Any, Self

from benchmarks.execution.engine import Job, Message, Origin
from benchmarks.execution.worker import STOP, packed, serve
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

    def __init__(self, at_once: int, origin: Origin) -> None:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "1"  # read by a worker's libraries when they load
        self._context: Any = multiprocessing.get_context(START)
        self._context.set_forkserver_preload([JOBS])
        self._at_once, self._origin, self._submitted = at_once, origin, 0
        self._jobs: dict[int, Job] = {}  # that have not ended, by index
        self._queue: deque[int] = deque()
        self._retries: deque[int] = deque()  # whose worker died; they are retried alone
        self._lost: dict[int, str] = {}  # how the worker of a job to be retried ended
        self._workers: list[_Worker] = []
        self._undelivered: deque[Message] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        workers, self._workers = self._workers, []
        if kind is None and not self._jobs:
            _stop_when_idle(workers)
        _end(workers)

    def submit(self, job: Job) -> int:
        """Queue a job; returns the index that its messages will carry."""
        index, self._submitted = self._submitted, self._submitted + 1
        self._jobs[index] = job
        self._queue.append(index)
        self._assign_jobs()
        return index

    def messages(self) -> Iterator[Message]:
        """Messages as they come, until no job is left."""
        while True:
            while self._undelivered:
                yield self._undelivered.popleft()
            if not self._jobs:
                return
            self._assign_jobs()
            self._receive()

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.index is not None]

    def _assign_jobs(self) -> None:
        """Assign jobs to idle workers; a retry only while nothing else runs or waits."""
        while self._queue and len(busy := self._busy()) < self._at_once:
            if any(worker.index in self._lost for worker in busy):
                return
            self._assign(self._queue.popleft())
        if self._retries and not self._queue and not self._busy():
            self._assign(self._retries.popleft())

    def _assign(self, index: int) -> None:
        try:
            content = packed(index, self._jobs[index])
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
        process = self._context.Process(target=serve, args=(theirs, self._origin))
        with _no_main_module():
            process.start()
        theirs.close()  # now its end is held by the worker alone: when it dies, reading from ours ends
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _receive(self) -> None:
        """Wait for the next message of a busy worker, and read all that there is."""
        busy = self._busy()
        if not busy or self._undelivered:
            return
        wait([w.pipe for w in busy] + [w.process.sentinel for w in busy], LOOK_EVERY_S)
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
                else:
                    self._undelivered.append(message)
        except (EOFError, OSError):
            return False
        return True

    def _end_job(self, message: Message) -> None:
        del self._jobs[message.index]
        self._lost.pop(message.index, None)
        self._undelivered.append(message)

    def _handle_death(self, worker: _Worker) -> None:
        """A worker died during its job: the job is retried alone, or has failed."""
        index = worker.index
        assert index is not None
        worker.process.join(STOP_S)
        code = worker.process.exitcode
        how = "closed its pipe, and was ended" if code is None else describe_exit(code)
        _end([worker])
        self._forget(worker)
        if index in self._lost:
            first = self._lost[index]
            before = f"the same as before, {how}" if first == how else f"{how}; before, it {first}"
            self._end_job(Message(index, ended=True, error=f"its worker died twice, the second time alone: {before}"))
        else:
            self._lost[index] = how
            self._retries.append(index)
            self._undelivered.append(Message(index, lost=how))

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

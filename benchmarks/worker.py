"""What a worker process does: one job after another, each with its progress, its records and its end told on a pipe."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from algorithms.asynchronous.child_process import begin_child
from algorithms.training.records import Progress, Record
from benchmarks.design.cell import Cell
from benchmarks.measurement import Measurement
from benchmarks.usage import described

TELL_EVERY_S = 0.5


@dataclass(frozen=True)
class Job:
    """A cell and where its result goes; `policies`: a folder for what its members have learned."""

    cell: Cell | Measurement
    path: Path
    device: str = "cpu"
    policies: Path | None = None


@dataclass(frozen=True)
class Update:
    """What is new of a job: its progress, records of a checkpoint, or its end (`error` is None where it went well).

    lost  how its worker ended, where the job will be tried again
    """

    index: int
    progress: Progress | None = None
    records: tuple[Record, ...] = ()
    ended: bool = False
    error: str | None = None
    lost: str | None = None


Send = Callable[[Update], None]


def serve(pipe: Connection, origin: dict[str, object]) -> None:
    """Do the jobs that come through the pipe until None comes, or nobody is at its other end."""
    begin_child()
    process = os.getpid()
    try:
        while (content := pipe.recv_bytes()) != DONE:
            pipe.send(_work(content, origin, pipe.send))
            if os.getpid() != process:  # a fork that an environment made, and that came back here
                os._exit(1)
    except (EOFError, OSError):
        return


DONE = b""  # in place of a job: no more will come


def packed(index: int, job: Job) -> bytes:
    """A job as it goes through the pipe. Raises whatever pickle does for a task or variant that it cannot take."""
    return pickle.dumps((index, pickle.dumps(job)))


def _work(content: bytes, origin: dict[str, object], send: Send) -> Update:
    index, inner = pickle.loads(content)
    try:
        job = pickle.loads(inner)
    except BaseException as error:  # a module of the user's that is not found here, say, or that exits
        return Update(index, ended=True, error=described(error))
    return work(index, job, origin, send)


def work(index: int, job: Job, origin: dict[str, object], send: Send) -> Update:
    """Do one job; returns its end, with the records that were not yet sent.

    Whatever the code of a task or variant raises ends this job alone, `sys.exit` and KeyboardInterrupt among it.
    """
    from benchmarks.cellwork import run_cell

    last = 0.0
    waiting: list[Record] = []

    def tell(event: Progress | Record) -> None:
        nonlocal last
        if isinstance(event, Record):
            waiting.append(event)
        elif event.notice or time.monotonic() - last > TELL_EVERY_S:
            last = time.monotonic()
            send(Update(index, event, tuple(waiting)))
            waiting.clear()

    try:
        if isinstance(job.cell, Measurement):
            job.cell.write(job.path, origin)
        else:
            run_cell(job.cell, job.path, job.device, tell, origin, job.policies)
    except BaseException as error:
        return Update(index, None, tuple(waiting), True, described(error))
    return Update(index, None, tuple(waiting), True)

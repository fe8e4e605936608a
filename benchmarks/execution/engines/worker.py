"""A worker process of the pool: it does one job after another and sends their messages through a pipe."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import cloudpickle

from algorithms.asynchronous.child_process import begin_child
from algorithms.training.records import Progress, Record
from benchmarks.execution.engine import Job, Message, Origin
from benchmarks.execution.engines.memory import Sender, watch_memory
from benchmarks.execution.provenance import of_worker
from benchmarks.validation.usage import describe_error

SEND_EVERY_S = 0.5
# read by a worker's libraries when they load
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
STOP = b""  # in place of a job: no more will come

Send = Callable[[Message], None]


def serve(pipe: Connection, origin: Origin, memory: int | None) -> None:
    """Do the jobs that come through the pipe until STOP comes, or its other end is closed.

    origin  the driver's provenance      memory  bytes that this process and its children may have resident
    """
    begin_child()
    origin = of_worker(origin)
    send = Sender(pipe.send)
    if memory is not None:
        watch_memory(memory, send.end_and_leave)
    gc.freeze()  # modules are no garbage: a full collection takes .1 s with them, and writes to pages that workers share
    process = os.getpid()
    try:
        while (content := pipe.recv_bytes()) != STOP:
            index, job = pickle.loads(content)
            send.begin(index)
            send(read_and_work(index, job, origin, send))
            if os.getpid() != process:  # a fork that an environment made, and that came back here
                os._exit(1)
            release_memory()
    except (EOFError, OSError):
        return


def release_memory() -> None:
    """Give freed memory back to the system, where the C library can. Otherwise a worker keeps the most that any job had."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def packed(job: Job) -> bytes:
    """A job as it goes to a worker. Raises whatever pickle does for a task or variant that it cannot take.

    What the caller's script or notebook defines goes by value, for a worker cannot import it.
    """
    content: bytes = cloudpickle.dumps(job)
    return content


def read_and_work(index: int, content: bytes, origin: Origin, send: Send, every_s: float = SEND_EVERY_S) -> Message:
    """Do a packed job; returns its end (see `work`)."""
    try:
        job = pickle.loads(content)
    except BaseException as error:  # a module of the user's that is not found here, say, or that exits
        return Message(index, ended=True, error=describe_error(error))
    return work(index, job, origin, send, every_s)


def work(index: int, job: Job, origin: Origin, send: Send, every_s: float = SEND_EVERY_S) -> Message:
    """Do one job, and send messages at most `every_s`; returns its end, with the records that were not yet sent.

    Whatever the code of a task or variant raises ends this job alone, `sys.exit` and KeyboardInterrupt among it.
    """
    last = 0.0
    unsent: list[Record] = []

    def on_event(event: Progress | Record) -> None:
        nonlocal last
        if isinstance(event, Record):
            unsent.append(event)
        elif event.notice or time.monotonic() - last > every_s:
            last = time.monotonic()
            send(Message(index, event, tuple(unsent)))
            unsent.clear()

    try:
        job.run(on_event, origin)
    except BaseException as error:
        return Message(index, None, tuple(unsent), True, describe_error(error))
    return Message(index, None, tuple(unsent), True)

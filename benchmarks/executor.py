"""A warm pool of one-thread processes: cells run `jobs` at once, each process kept from cell to cell."""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import TYPE_CHECKING, Any

from algorithms.children import begin_child
from algorithms.training import Progress, Record
from benchmarks.experiment import Cell
from benchmarks.measurement import Measurement
from envs.faults import EnvironmentFault

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

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
    """News of a job: its progress, records of a checkpoint, or its end (`error` is None where it went well)."""

    index: int
    progress: Progress | None = None
    records: tuple[Record, ...] = ()
    ended: bool = False
    error: str | None = None


_news: Queue[Update] | None = None


def _start_worker(news: Queue[Update]) -> None:
    global _news
    _news = news
    begin_child()


def _work(index: int, job: Job, origin: dict[str, object]) -> Update:
    """Run one job in a worker; returns its end, with the records not yet told: the queue may deliver after it."""
    from benchmarks.cellwork import run_cell

    assert _news is not None
    news, last = _news, 0.0
    waiting: list[Record] = []

    def tell(event: Progress | Record) -> None:
        nonlocal last
        if isinstance(event, Record):
            waiting.append(event)
        elif event.notice or time.monotonic() - last > TELL_EVERY_S:
            last = time.monotonic()
            news.put(Update(index, event, tuple(waiting)))
            waiting.clear()

    try:
        if isinstance(job.cell, Measurement):
            job.cell.write(job.path, origin)
        else:
            run_cell(job.cell, job.path, job.device, tell, origin, job.policies)
    except Exception as error:
        if isinstance(error, EnvironmentFault):
            return Update(index, None, tuple(waiting), True, str(error))
        trace = traceback.format_exc(limit=-3)
        return Update(index, None, tuple(waiting), True, f"{type(error).__name__}: {error}\n{trace}")
    return Update(index, None, tuple(waiting), True)


class Pool:
    """Workers kept from job to job. Submit jobs, also while you listen to their news; leaving it early stops the workers."""

    def __init__(self, at_once: int, origin: dict[str, object]) -> None:
        context = multiprocessing.get_context("spawn")
        self._news: Queue[Update] = context.Queue()
        self._origin, self._submitted = origin, 0
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "1"  # read by a worker's libraries when they load
        self._pool = ProcessPoolExecutor(at_once, mp_context=context, initializer=_start_worker, initargs=(self._news,))
        self._running: dict[Future[Update], int] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _stop(self._pool, finished=kind is None and not self._running)

    def submit(self, job: Job) -> int:
        """Queue a job; returns the index that its news will carry."""
        index, self._submitted = self._submitted, self._submitted + 1
        self._running[self._pool.submit(_work, index, job, self._origin)] = index
        return index

    def news(self) -> Iterator[Update]:
        """News as it comes, until no job is left."""
        while self._running:
            done, _ = wait(self._running, timeout=0.1, return_when=FIRST_COMPLETED)
            yield from _drain(self._news)
            for future in done:
                yield _outcome(future, self._running.pop(future))


def execute(jobs: list[Job], at_once: int, origin: dict[str, object]) -> Iterator[Update]:
    """Run all jobs, yielding news as it comes. Stops its workers when the caller stops listening (Ctrl-C, an error)."""
    with Pool(at_once, origin) as pool:
        for job in jobs:
            pool.submit(job)
        yield from pool.news()


def _outcome(future: Future[Update], index: int) -> Update:
    try:
        return future.result()
    except Exception as error:  # the process died: killed for memory, say
        return Update(index, ended=True, error=f"{type(error).__name__}: {error}")


def _drain(news: Queue[Update]) -> Iterator[Update]:
    while True:
        try:
            yield news.get_nowait()
        except Empty:
            return


def _stop(pool: ProcessPoolExecutor, finished: bool) -> None:
    processes: dict[int, Any] = dict(getattr(pool, "_processes", None) or {})
    if not finished:
        for process in processes.values():
            process.terminate()
    pool.shutdown(wait=finished, cancel_futures=True)

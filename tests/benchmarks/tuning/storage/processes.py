"""Other processes, and storages of every kind."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from typing import Any

# The processes are forked from a server that has imported everything once: to import torch takes seconds, SQLAlchemy one.
processes = multiprocessing.get_context("forkserver")
databases = ["alembic.command", "alembic.migration", "alembic.script", "optuna.storages._rdb.models", "psycopg"]
storage = [f"benchmarks.tuning.storage.{name}" for name in ("opening", "studies", "trials")]
processes.set_forkserver_preload(["benchmarks.tuning.samplers", *storage, "pytest", *databases])


def together(work: Callable[[Any], Any], *arguments: Any) -> list[Any]:
    """work(argument) in a process each, all at the same moment; what they return."""
    barrier, ends = processes.Barrier(len(arguments)), []
    for argument in arguments:
        here, there = processes.Pipe()
        processes.Process(target=_answer, args=(there, work, argument, barrier), daemon=True).start()
        there.close()
        ends.append(here)
    return [end.recv() for end in ends]  # EOFError where it died


def _answer(end: Any, work: Callable[[Any], Any], argument: Any, barrier: Any) -> None:
    barrier.wait(240)
    end.send(work(argument))


class Process:
    """Another process, which does work(argument), says what came of it, and lives on until it is killed."""

    def __init__(self, work: Callable[[Any], Any], argument: Any) -> None:
        here, there = processes.Pipe()
        self._process = processes.Process(target=_answer_and_live, args=(there, work, argument), daemon=True)
        self._process.start()
        there.close()
        self.answer = here.recv()

    def kill(self) -> None:
        self._process.kill()  # SIGKILL
        self._process.join()


def _answer_and_live(end: Any, work: Callable[[Any], Any], argument: Any) -> None:
    end.send(work(argument))
    time.sleep(600)

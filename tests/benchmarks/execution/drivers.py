"""Several drivers, each a process with a group of its own, and a list of what their workers trained."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.execution import jobs
from benchmarks.execution.dispatch import dispatcher, held

processes = multiprocessing.get_context("fork")


class Drivers:
    """Starts functions as drivers. Cells that begin are noted in a file, in whatever process they train."""

    def __init__(self, log: Path, patch: pytest.MonkeyPatch) -> None:
        self.log, self.started = log, list[Any]()
        log.touch()
        train = jobs.run_cell

        def noted(cell: Any, path: Path, *rest: Any) -> None:
            with log.open("a") as file:
                file.write(f"{path.name}\n")
            train(cell, path, *rest)

        patch.setattr(jobs, "run_cell", noted)
        patch.setattr(dispatcher, "TICK_S", 0.05)
        patch.setattr(held, "LOOK_AGAIN_S", 0.1)

    def start(self, work: Callable[[], Any]) -> Any:
        """Another driver that does this work."""
        process = processes.Process(target=_lead, args=(work,))
        process.start()
        self.started.append(process)
        return process

    def wait(self) -> list[int]:
        """The exit codes of all drivers."""
        for process in self.started:
            process.join(100)
        return [process.exitcode for process in self.started]

    def kill(self, process: Any) -> None:
        """SIGKILL of a driver alone: its workers notice and end."""
        process.kill()
        process.join()

    @property
    def begun(self) -> list[str]:
        return self.log.read_text().split()


def _lead(work: Callable[[], Any]) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    work()


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)

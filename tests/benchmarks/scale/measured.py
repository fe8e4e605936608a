"""What commands and drivers take, each in a new process: processor seconds, and the largest memory that was resident.

A process that is forked begins with its parent's largest memory, so these are started anew.

`python -m tests.benchmarks.scale.measured WHAT ARGUMENTS` prints it as JSON, in the last line.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from algorithms.training.records import Progress, Record
from benchmarks.cli import main as cli
from benchmarks.execution import runner
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.engine import Job, Message, OnEvent, Origin
from benchmarks.execution.sinks.live import LiveLogs
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports.report import write_report
from benchmarks.store.many.footers import _read_before
from benchmarks.store.sources import stored_cells

MARKS = (1_000, 10_000)  # jobs that have ended when the driver's memory is looked at
SEEDS, CHECKPOINTS, STEPS = 10, 11, 1_000


def measured(*words: str) -> dict[str, float]:
    """What one of the functions below says, from a process of its own."""
    done = subprocess.run([sys.executable, "-m", __name__, *words], check=True, capture_output=True, text=True)
    value: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return value


def memory_mib(name: str) -> float:
    """Of this process: VmRSS, which is resident now, or VmHWM, the most that was."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1024


@contextmanager
def timed(found: dict[str, float], name: str) -> Iterator[None]:
    """Add the processor seconds of what is done within."""
    before = time.process_time()
    yield
    found[name] = time.process_time() - before


def command(*words: str) -> dict[str, float]:
    """A command of the suite, with its imports."""
    status = cli.main(list(words))
    return {"status": float(status), "seconds": time.process_time()}


@dataclass(frozen=True)
class NamedCell:
    """What `pending` needs of a cell."""

    file_name: str


def pending(folder: str) -> dict[str, float]:
    """Looking for the results of all cells of a folder; how many have none, and how many footers were read."""
    found: dict[str, float] = {}
    with timed(found, "seconds"):
        cells = [NamedCell(path.name) for path in stored_cells(Path(folder))]
        left = runner.pending(cells, Path(folder))
    return {**found, "cells": len(cells), "pending": len(left), "read": _read_before.cache_info().misses}


@dataclass(frozen=True)
class Link:
    """A job whose result was made before."""

    made: Path
    path: Path
    seeds: tuple[int, ...] = tuple(range(SEEDS))
    member_steps: int = STEPS
    expected_seconds: float = 1.0
    computes_on: str = "cpu"

    @property
    def label(self) -> str:
        return self.path.stem.replace("__", " x ")

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        self.path.hardlink_to(self.made)

    def log(self, live: LiveLogs, message: Message) -> None:
        return

    def second(self) -> Link | None:
        return None

    def same_numbers(self, other: Path) -> bool:
        raise NotImplementedError("there is no second copy")


@dataclass
class Scripted:
    """An engine of several machines that does each job when it is asked for messages, and keeps none of them.

    resident  MiB of this process when so many jobs had ended
    """

    slots: int = 8
    window: int = 16
    one_machine: bool = False
    submitted: int = 0
    ended: int = 0
    queue: deque[tuple[int, Any]] = field(default_factory=deque)
    resident: dict[str, float] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def submit(self, job: Job) -> int:
        self.queue.append((self.submitted, job))
        self.submitted += 1
        return self.submitted - 1

    def receive(self, wait_s: float) -> list[Message]:
        if self.ended in MARKS:
            gc.collect()
            self.resident[str(self.ended)] = memory_mib("VmRSS")
        index, job = self.queue.popleft()
        job.run(lambda event: None, {})
        self.ended += 1
        records = [
            tuple(
                Record(seed, 0.01, checkpoint, checkpoint / CHECKPOINTS, STEPS * checkpoint, 0, 0.5, 0.5, 0.5, False)
                for seed in job.seeds
            )
            for checkpoint in range(CHECKPOINTS)
        ]
        said = (Message(index, progress=Progress(STEPS * SEEDS, STEPS * SEEDS), records=rows) for rows in records)
        return [Message(index), *said, Message(index, ended=True)]

    def cancel(self, index: int) -> None:
        raise AssertionError(f"job {index} was cancelled")


def drive(made: str, results: str) -> dict[str, float]:
    """A driver whose jobs are all results of the folder `made`, and then the report, in one process."""
    found, folder, engine = dict[str, float](), Path(results) / "ladder", Scripted()
    (folder / "cells").mkdir(parents=True)
    jobs = [Link(path, folder / "cells" / path.name) for path in stored_cells(Path(made))]
    with timed(found, "driver_seconds"):
        outcome = runner.run(jobs, folder, Execution(8, start_engine=lambda setup: engine))
    found |= {"results": len(outcome.paths), "driver_peak_mib": memory_mib("VmHWM")}
    found |= {f"after_{ended}_mib": resident for ended, resident in engine.resident.items()}
    with timed(found, "report_seconds"):
        write_report(EXPERIMENTS["ladder"], outcome, folder, kinds=(".svg",))
    return found


if __name__ == "__main__":
    used = {"command": command, "pending": pending, "drive": drive}[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({**used, "peak_mib": memory_mib("VmHWM")}))

"""A driver of thousands of jobs, whose results were made before, and its report: what both take in one process.

`python -m tests.benchmarks.scale.many_jobs FOLDER RESULTS` prints it as JSON, in the last line.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from algorithms.training.records import Progress, Record
from benchmarks.execution import runner
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.engine import Job, Message, OnEvent, Origin
from benchmarks.execution.sinks.live import LiveLogs
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports.report import write_report
from benchmarks.store.sources import stored_cells
from tests.benchmarks.scale.measured import memory_mib, timed

EARLY = 1_000  # jobs that have ended when the driver's memory is first looked at
SEEDS, CHECKPOINTS, STEPS = 10, 11, 1_000


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

    resident  MiB of this process when EARLY jobs had ended, and when all had
    """

    slots: int = 8
    window: int = 16
    one_machine: bool = False
    submitted: int = 0
    ended: int = 0
    queue: deque[tuple[int, Any]] = field(default_factory=deque)
    resident: list[float] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._look()

    def _look(self) -> None:
        gc.collect()
        self.resident.append(memory_mib("VmRSS"))

    def machine(self, index: int) -> str | None:
        return None

    def elsewhere(self, not_on: Collection[str]) -> bool:
        return False

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        self.queue.append((self.submitted, job))
        self.submitted += 1
        return self.submitted - 1

    def receive(self, wait_s: float) -> list[Message]:
        if self.ended == EARLY:
            self._look()
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
    found |= dict(zip(("early_mib", "late_mib"), engine.resident, strict=True))
    with timed(found, "report_seconds"):
        write_report(EXPERIMENTS["ladder"], outcome, folder, kinds=(".svg",))
    return found


if __name__ == "__main__":
    used = drive(*sys.argv[1:])
    print(json.dumps({**used, "peak_mib": memory_mib("VmHWM")}))

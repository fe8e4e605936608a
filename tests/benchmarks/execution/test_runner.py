"""The order of jobs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Self

from benchmarks.design.experiment import Outcome
from benchmarks.execution import runner
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.engine import Job, Message
from benchmarks.execution.jobs import CellJob
from tests.benchmarks.small_cells import clocked_cells


class Recorder:
    """An engine that notes jobs, and says of each that it has ended."""

    slots, window, one_machine = 1, 1, True

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        self.jobs.append(job)
        return len(self.jobs) - 1

    def machine(self, index: int) -> str | None:
        return None

    def elsewhere(self, not_on: Collection[str]) -> bool:
        return False

    def receive(self, wait_s: float) -> list[Message]:
        return [Message(len(self.jobs) - 1, ended=True)]

    def cancel(self, index: int) -> None:
        raise AssertionError


def test_compared_cells_run_as_neighbours(tmp_path: Path) -> None:
    """One at a time: the first seeds of both, then the second; else the longest first, which are those of ppo."""
    halves = clocked_cells(block=2)
    jobs = [CellJob(cell, runner.cell_path(tmp_path, cell)) for cell in halves]

    def order(one_at_a_time: bool) -> list[tuple[str, int]]:
        engine = Recorder()
        execution = Execution(1, start_engine=lambda setup: engine)
        outcome = runner.run(jobs, tmp_path, execution, one_at_a_time=one_at_a_time)
        assert outcome == Outcome((), ())
        return [(job.label.rpartition(" ")[2], job.seeds[0]) for job in engine.jobs]

    assert order(one_at_a_time=True) == [("gae", 0), ("ppo", 0), ("gae", 2), ("ppo", 2)]
    assert order(one_at_a_time=False) == [("ppo", 0), ("ppo", 2), ("gae", 0), ("gae", 2)]

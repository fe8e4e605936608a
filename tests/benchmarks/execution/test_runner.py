"""The order of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from benchmarks.design.experiment import Outcome
from benchmarks.execution import runner
from benchmarks.execution.engine import Job, Message
from benchmarks.execution.jobs import CellJob
from tests.benchmarks.small_cells import clocked_cells


class Recorder:
    """An engine that notes jobs and runs none."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def submit(self, job: Job) -> int:
        self.jobs.append(job)
        return len(self.jobs) - 1

    def messages(self) -> Iterator[Message]:
        yield from ()


def test_compared_cells_run_as_neighbours(tmp_path: Path) -> None:
    """One at a time: the first seeds of both, then the second; else the longest first, which are those of ppo."""
    halves = clocked_cells(block=2)
    jobs = [CellJob(cell, runner.cell_path(tmp_path, cell)) for cell in halves]

    def order(one_at_a_time: bool) -> list[tuple[str, int]]:
        engine = Recorder()
        start = lambda at_once, origin: engine  # noqa: E731
        outcome = runner.run(jobs, tmp_path, 1, "cpu", one_at_a_time=one_at_a_time, start_engine=start)
        assert outcome == Outcome((), ())
        return [(job.label.rpartition(" ")[2], job.seeds[0]) for job in engine.jobs]

    assert order(one_at_a_time=True) == [("gae", 0), ("ppo", 0), ("gae", 2), ("ppo", 2)]
    assert order(one_at_a_time=False) == [("ppo", 0), ("ppo", 2), ("gae", 0), ("gae", 2)]

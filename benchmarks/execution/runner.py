"""Running jobs: those that have no result yet, on an engine, with a display of their progress."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from benchmarks.design.experiment import Outcome
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.display.progress import Display
from benchmarks.execution.done import is_done, seems_done
from benchmarks.execution.engine import Job
from benchmarks.execution.sinks.live import LiveLogs
from benchmarks.sharing.claims import remove_useless_claims
from benchmarks.store.sources import is_packed
from benchmarks.store.states import remove_useless_states
from envs.files.partial import remove_partial_files


class HasFile(Protocol):
    """A cell or a measurement: what has a result file of its own."""

    @property
    def file_name(self) -> str: ...


T = TypeVar("T", bound=HasFile)


def cell_path(folder: Path, cell: HasFile) -> Path:
    """The file of a cell or measurement under an experiment's folder."""
    return folder / "cells" / cell.file_name


def pending(cells: Sequence[T], folder: Path) -> list[T]:
    """Cells without a readable result; damaged files are named and set aside."""
    return [cell for cell in cells if not is_done(cell_path(folder, cell))]


def remove_leftovers(folder: Path) -> None:
    """Remove leftovers of killed runs: unfinished files, and RunStates and claims of finished cells."""
    removed = remove_partial_files(folder) + remove_useless_states(folder / "cells")
    if removed := removed + remove_useless_claims(folder / "cells", seems_done):
        print(f"removed from {folder}: {removed} unfinished or useless files of runs that were killed", file=sys.stderr)


def sort_jobs(jobs: Sequence[Job], one_at_a_time: bool) -> list[Job]:
    """The longest first, so that the last ones are short.

    one_at_a_time  sorted by seeds, so that drift of the machine's speed affects all variants alike
    """
    if one_at_a_time:
        return sorted(jobs, key=lambda job: job.seeds)
    return sorted(jobs, key=lambda job: job.expected_seconds, reverse=True)


def run(
    jobs: Sequence[Job],
    folder: Path,
    execution: Execution,
    live: LiveLogs | None = None,
    one_at_a_time: bool = False,
    after_s: float = 0.0,
) -> Outcome:
    """Run the pending jobs of an experiment's folder. `one_at_a_time` as in `sort_jobs`, `after_s` as in `Display`."""
    remove_leftovers(folder)
    pending_jobs = sort_jobs([job for job in jobs if not is_done(job.path)], one_at_a_time)
    failures, elsewhere = [], []
    with (
        Display(pending_jobs, len(jobs) - len(pending_jobs), at_once=execution.at_once, after_s=after_s) as display,
        execution.dispatcher(folder) as dispatcher,
    ):
        for job in pending_jobs:
            dispatcher.submit(job)
        for message in dispatcher.messages():
            job = pending_jobs[message.index]
            display.show(message)
            if live is not None:
                job.log(live, message)
            if message.error is not None:
                failures.append(f"{job.label}: {message.error}")
            if message.elsewhere is not None:
                elsewhere.append(f"{job.label}: {message.elsewhere}")
    paths = tuple(job.path for job in jobs if job.path.exists() or is_packed(job.path))
    return Outcome(paths, tuple(failures), tuple(elsewhere))

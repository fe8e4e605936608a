"""Second copies of slow jobs: where their results lie, and what is done with two results of one job."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from benchmarks.execution.engine import Job
from benchmarks.store.files import Damaged
from benchmarks.store.states import state_path


def prepare(job: Job) -> Job | None:
    """A second copy of a running job, which begins from the job's RunState; None where the job has none."""
    if (second := job.second()) is None:
        return None
    discard(second.path)
    second.path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # there is none yet
        shutil.copyfile(state_path(job.path), state_path(second.path))
    return second


def settle(job: Job, second: Job) -> str | None:
    """Keep one result of a job that has a second copy, of which at least one has finished.

    Returns what the user must know: the numbers of both differ.
    """
    if not second.path.exists():
        return None
    if not job.path.exists():
        second.path.replace(job.path)
        state_path(job.path).unlink(missing_ok=True)
        return None
    try:
        return None if job.same_numbers(second.path) else "its two copies found different numbers; the first is kept"
    except Damaged as error:
        return f"one of its two copies is damaged: {error}"


def discard(path: Path) -> None:
    """Remove what a second copy has written."""
    for file in (path, state_path(path)):
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # another copy lies there
        path.parent.rmdir()

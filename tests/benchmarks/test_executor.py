"""News of jobs: an end brings all that was not told, and nothing is shown after it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from algorithms import VARIANTS
from algorithms.training import Progress, Record
from benchmarks import cellwork, executor
from benchmarks.commands import single_cells
from benchmarks.display import Display
from envs import TASKS


def test_a_jobs_end_brings_what_it_had_not_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The queue may deliver after the end, when nobody listens any more; a failed job's records come too."""
    record = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)

    def told(fails: bool) -> executor.Update:
        def run_cell(
            cell: object, path: Path, device: str, tell: Callable[[Record], None], origin: object, policies: object
        ) -> None:
            tell(record)
            if fails:
                raise RuntimeError("no")

        monkeypatch.setattr(cellwork, "run_cell", run_cell)
        cell = single_cells(TASKS["bandit/small"], VARIANTS["gae"], 1, 500, ())[0]
        return executor._work(7, executor.Job(cell, tmp_path / "x"), {})

    monkeypatch.setattr(executor, "_news", multiprocessing.Queue())
    assert told(fails=False) == executor.Update(7, None, (record,), ended=True)
    failed = told(fails=True)
    assert (failed.index, failed.records, failed.ended) == (7, (record,), True)
    assert str(failed.error).startswith("RuntimeError: no")


def test_what_comes_after_a_jobs_end_is_not_shown(tmp_path: Path) -> None:
    cell = single_cells(TASKS["bandit/small"], VARIANTS["gae"], 2, 500, ())[0]
    shown = Display([executor.Job(cell, tmp_path / "x")], 0)
    shown.show(executor.Update(0, ended=True))
    shown.show(executor.Update(0, Progress(3, 1000)))
    assert shown.running == {}
    assert shown.steps == [1000]

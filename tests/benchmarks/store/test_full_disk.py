"""What becomes of a cell whose state or result cannot be written, and of one that lost rows."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pandas as pd
import pytest
import safetensors.torch

from algorithms.algorithm import TrainingPlan
from algorithms.training.records import Progress, Record, TrainingEvent
from algorithms.training.state import RunState
from algorithms.variant import Variant
from benchmarks.execution.runner import cell_path
from benchmarks.execution.train_cell import run_cell
from benchmarks.store.sources import check_cell, read_meta
from benchmarks.store.states import save_state, state_path
from envs.files.writing import NotWritten
from tests.benchmarks.store.unfinished_cells import numbers, small


def no_room(path: Path) -> None:
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_costs_the_state_and_not_the_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice comes once, although every RunState fails; the rows are those of a run whose disk has room."""
    cell, heard = small(), []
    path, whole = cell_path(tmp_path, cell), cell_path(tmp_path / "whole", cell)
    run_cell(cell, whole, "cpu", lambda event: None)

    def save_file(tensors: object, part: Path, metadata: object) -> None:
        assert part.suffix == ".part"
        no_room(part)

    monkeypatch.setattr(safetensors.torch, "save_file", save_file)
    run_cell(cell, path, "cpu", heard.append)
    notice = f"{state_path(path).name} could not be written (No space left on device); training goes on without it"
    assert read_meta(path)["notices"] == [notice]
    assert [e.notice for e in heard if isinstance(e, Progress) and e.notice] == [notice]
    pd.testing.assert_frame_equal(numbers(path), numbers(whole), check_exact=True)
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no part is left


def test_the_librarys_own_error_of_a_full_disk_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save_file(*words: object, **more: object) -> None:
        raise safetensors.SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", save_file)
    with pytest.raises(NotWritten, match=r"x\.state could not be written: I/O error: No space left"):
        save_state(tmp_path / "x.state", RunState({}, {}), [])


def test_a_result_that_cannot_be_written_is_a_named_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its RunState stays, so that the same command has little left to do."""
    cell = small()
    path = cell_path(tmp_path, cell)
    monkeypatch.setattr("pyarrow.parquet.write_table", lambda table, part, **more: no_room(part))
    with pytest.raises(NotWritten, match=f"{path.name} could not be written: No space left on device"):
        run_cell(cell, path, "cpu", lambda event: None)
    assert [p.name for p in path.parent.iterdir()] == [state_path(path).name]
    monkeypatch.undo()
    run_cell(cell, path, "cpu", lambda event: None)
    assert check_cell(path)


@dataclass(frozen=True, kw_only=True)
class Lossy(Variant):
    """A variant that loses the records of a checkpoint."""

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        for event in super().train(plan, device, state):
            if not (isinstance(event, Record) and event.checkpoint == 1):
                yield event


def test_a_run_that_lost_rows_is_no_result(tmp_path: Path) -> None:
    cell = small()
    lossy = Lossy(**{f.name: getattr(cell.algorithm, f.name) for f in fields(Variant)})
    cell = replace(cell, algorithm=lossy)
    path = cell_path(tmp_path, cell)
    with pytest.raises(RuntimeError, match="training left 20 rows, and 2 members x 11 checkpoints are 22"):
        run_cell(cell, path, "cpu", lambda event: None)
    assert not path.exists()

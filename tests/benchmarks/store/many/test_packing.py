"""Cells of several folders in one file and a manifest, while others may come, and several processes pack."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.cli import main as cli
from benchmarks.store import packed
from benchmarks.store.files import Damaged
from benchmarks.store.many.packing import pack_folders
from benchmarks.store.sources import read_results, stored_cells
from tests.benchmarks.many_cells import write_many
from tests.benchmarks.synthetic_results import write_cell

processes = multiprocessing.get_context("fork")


def rows(paths: list[Path]) -> pd.DataFrame:
    return read_results(paths).frame.sort_values(["task", "variant", "seed", "checkpoint"], ignore_index=True)


def test_a_cell_counts_once_wherever_it_lies(tmp_path: Path) -> None:
    """Two shards that share a cell, packed into a third folder; then a cell is trained anew there, and a new one comes."""
    paths = write_many(tmp_path / "all" / "ladder", 5, checkpoints=2)
    for shard, part in {"a": paths[:3], "b": paths[2:]}.items():
        (tmp_path / shard / "ladder" / "cells").mkdir(parents=True)
        for path in part:
            shutil.copy(path, tmp_path / shard / "ladder" / "cells")
    folders = [tmp_path / name / "ladder" for name in ("pooled", "a", "b")]
    assert pack_folders(folders[0], folders) == 5
    assert [p.name for p in stored_cells(folders[0])] == sorted(p.name for p in paths)
    pd.testing.assert_frame_equal(rows(stored_cells(folders[0])), rows(paths))
    write_cell(folders[0], "new", "gae", (0, 1), np.ones((2, 2)))
    assert len(stored_cells(folders[0])) == 6
    assert pack_folders(folders[0], folders) == 6  # made again: from the packed cells and the files
    assert pack_folders(folders[0], folders[:1]) == 6


def test_two_files_of_different_packings_are_not_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOVES_S", 0.0)
    folder = tmp_path / "ladder"
    write_many(folder, 2, checkpoints=2)
    pack_folders(folder, [folder])
    old = packed.cells_path(folder).read_bytes()
    write_many(folder, 3, checkpoints=2)
    pack_folders(folder, [folder])
    assert len(stored_cells(folder)) == 3
    packed.cells_path(folder).write_bytes(old)
    with pytest.raises(Damaged, match="not of the same packing"):
        stored_cells(folder)


def test_a_damaged_cell_is_named_and_nothing_is_packed(tmp_path: Path) -> None:
    folder = tmp_path / "ladder"
    first, second = write_many(folder, 2, checkpoints=2)
    second.write_bytes(second.read_bytes()[:-9])
    with pytest.raises(Damaged, match=second.name):
        pack_folders(folder, [folder])
    assert not packed.rows_path(folder).exists()
    assert first.exists()


def _pack(results: Path) -> None:
    assert cli.main(["pack", "ladder", "--results", str(results)]) == 0


def test_several_processes_pack_while_others_read(tmp_path: Path) -> None:
    folder = tmp_path / "ladder"
    paths = write_many(folder, 20, checkpoints=2)
    started = [processes.Process(target=_pack, args=(tmp_path,)) for _ in range(4)]
    for process in started:
        process.start()
    while any(process.is_alive() for process in started):
        assert len(stored_cells(folder)) == 20
    assert [process.exitcode for process in started] == [0] * 4
    shutil.rmtree(folder)
    assert [p.name for p in stored_cells(folder)] == sorted(p.name for p in paths)
    assert not list(tmp_path.glob("*.claim*"))

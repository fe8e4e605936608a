"""Footers: enough to know that a cell is done, and each read once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks.execution.done import is_done, seems_done
from benchmarks.execution.runner import remove_leftovers
from benchmarks.store.files import Damaged
from benchmarks.store.many.footers import has_footer, read_footer, read_metas
from benchmarks.store.sources import read_cell
from tests.benchmarks.many_cells import write_many


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The footers that are read, and tables: a number for each."""
    seen: list[int] = []
    footer, table = pq.read_metadata, pq.ParquetFile

    def counted(*words: Any, **more: Any) -> Any:
        seen.append(1)
        return footer(*words, **more)

    def whole(*words: Any, **more: Any) -> Any:
        if "page_checksum_verification" in more:
            seen.append(1000)
        return table(*words, **more)

    monkeypatch.setattr(pq, "read_metadata", counted)
    monkeypatch.setattr(pq, "ParquetFile", whole)
    return seen


def test_looking_for_results_reads_each_footer_once_and_no_row(tmp_path: Path, reads: list[int]) -> None:
    """As a run does: what there is to do, leftovers, what is pending, and once more before each job starts."""
    paths = write_many(tmp_path, 12, checkpoints=2)
    absent = tmp_path / "cells" / "t__v__seeds0-1__0123456789abcdef.parquet"
    reads.clear()
    assert [seems_done(path) for path in (*paths, absent)] == [True] * 12 + [False]
    remove_leftovers(tmp_path)
    assert all(is_done(path) for path in paths)
    assert sum(reads) == 12
    stamp = paths[0].stat().st_mtime_ns + 1
    os.utime(paths[0], ns=(stamp, stamp))
    assert is_done(paths[0])
    assert sum(reads) == 13  # it has changed


def test_metadata_of_many_cells_share_their_equal_parts(tmp_path: Path, reads: list[int]) -> None:
    paths = write_many(tmp_path, 3, checkpoints=2)
    reads.clear()
    first, second, _ = metas = read_metas(paths)
    assert sum(reads) == 3
    assert metas == [read_cell(path)[1] for path in paths]
    assert first["provenance"] is second["provenance"]
    assert first["cell"]["members"] is second["cell"]["members"]
    assert first["cell"]["algorithm"] is not second["cell"]["algorithm"]


def test_a_footer_that_is_not_the_cells_is_damaged(tmp_path: Path) -> None:
    paths = write_many(tmp_path, 3, checkpoints=2)
    cut, short, other = paths
    cut.write_bytes(cut.read_bytes()[:-20])
    table = pq.read_table(short)
    pq.write_table(table.slice(1), short)
    other = other.rename(other.with_name(other.name.rpartition("__")[0] + f"__{0:016}.parquet"))
    wrong = {cut: "footer", short: "it has 19 rows, and 10 members x 2 checkpoints are 20", other: "its name's digest"}
    for path, said in wrong.items():
        with pytest.raises(Damaged, match=said) as error:
            has_footer(path)
        assert str(error.value).startswith(path.name)
    with pytest.raises(Damaged) as every:
        read_metas([cut, short])
    assert every.value.paths == (cut, short)
    with pytest.raises(Damaged):
        read_footer(tmp_path / "none.parquet")

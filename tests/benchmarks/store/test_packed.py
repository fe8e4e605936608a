"""Packed results: the same rows as single files, and damage that is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.cli import main as cli
from benchmarks.store import packed
from benchmarks.store.files import Damaged
from benchmarks.store.sources import (
    check_cell,  # fmt: skip
    experiments_under,  # fmt: skip
    has_results,  # fmt: skip
    read_cell,  # fmt: skip
    read_results,  # fmt: skip
    readable,  # fmt: skip
    stored_cells,  # fmt: skip
)
from benchmarks.store.studies import pack_studies, stored_studies, studies_path
from tests.benchmarks.synthetic_results import write_cell

VARIANTS = ("gae", "ppo", "reinforce")


def single(folder: Path) -> list[Path]:
    """Three cells of two members and three checkpoints, a file each."""
    score = np.random.default_rng(0).random((3, 2))
    return [write_cell(folder, "t", variant, (0, 1), score + i) for i, variant in enumerate(VARIANTS)]


def pack(folder: Path) -> list[Path]:
    """The same, packed; their files are gone."""
    paths = single(folder)
    packed.pack(folder, ((path.name, *read_cell(path)) for path in sorted(paths)))
    for path in paths:
        path.unlink()
    (folder / "cells").rmdir()
    folder.rmdir()
    return paths


def test_packed_cells_are_those_of_the_files(tmp_path: Path) -> None:
    before = read_results(single(tmp_path / "single"))
    paths = pack(tmp_path / "ladder")
    assert not (tmp_path / "ladder").exists()
    assert stored_cells(tmp_path / "ladder") == sorted(paths)
    after = read_results(paths)
    pd.testing.assert_frame_equal(after.frame, before.frame)
    pd.testing.assert_frame_equal(after.measures, before.measures)
    assert after.metas == before.metas
    assert all(check_cell(path) for path in paths)
    assert not check_cell(paths[0].with_name("other__gae__seeds0-1__0123456789abcdef.parquet"))
    assert experiments_under(tmp_path) == ["ladder", "single"]
    assert has_results(tmp_path / "ladder")
    assert not has_results(tmp_path / "other")


def test_a_file_goes_before_a_packed_cell(tmp_path: Path) -> None:
    paths = pack(tmp_path / "ladder")
    write_cell(tmp_path / "ladder", "t", "gae", (0, 1), np.full((3, 2), 9.0))
    assert stored_cells(tmp_path / "ladder") == sorted(paths)
    frame = read_results(paths).frame
    assert set(frame.loc[frame["variant"] == "gae", "eval_return"]) == {9.0}


Edit = Callable[[pa.Table], pa.Table]


def edited(path: Path, edit: Edit) -> None:
    """The packed table changed, with the number of its rows."""
    packed.write_table(path, edit(packed.read_table(path)), pack_hash=packed.hash_of_pack(path))


def replaced(column: str, row: int, value: Any) -> Edit:
    """Another value in one place."""

    def edit(table: pa.Table) -> pa.Table:
        values = table.column(column).to_pylist()
        values[row] = value(values[row]) if callable(value) else value
        at = table.schema.get_field_index(column)
        return table.set_column(at, table.schema.field(column), pa.array(values, table.schema.field(column).type))

    return edit


@pytest.mark.parametrize(
    ("which", "edit", "said"),
    [
        (packed.rows_path, lambda t: t.slice(1), "it has 5 rows, and 2 members x 3 checkpoints are 6"),
        (packed.rows_path, lambda t: t.slice(6), "it has no rows"),
        (packed.rows_path, replaced("member", 0, 1), "its rows are of other seeds than the cell's"),
        (packed.rows_path, lambda t: t.take([0, 6, 1, 7]), "are not contiguous"),
        (packed.cells_path, lambda t: t.slice(1), "does not describe"),
        (packed.cells_path, lambda t: pa.concat_tables([t, t]), "it describes t__gae__"),
        (packed.cells_path, replaced("digest", 0, "0" * 16), "its digest in ladder.cells.parquet is 0000"),
        (packed.cells_path, replaced("cell", 0, lambda stem: f"{stem[:-1]}x"), "does not describe"),
        (
            packed.cells_path,
            replaced(packed.CONFIGURATION, 0, lambda text: text.replace('"checkpoints": 2', '"checkpoints": 3')),
            "the configuration inside is not the one that its name's digest is of",
        ),
    ],
)
def test_every_damage_is_named(tmp_path: Path, which: Callable[[Path], Path], edit: Edit, said: str) -> None:
    pack(tmp_path / "ladder")
    edited(which(tmp_path / "ladder"), edit)
    with pytest.raises(Damaged) as error:
        read_results(stored_cells(tmp_path / "ladder"))
    assert said in str(error.value)


def test_rows_that_were_lost_whole_are_noticed(tmp_path: Path) -> None:
    """Rows and description of a cell are gone from both files, and the number of rows that were written is not."""
    paths = pack(tmp_path / "ladder")
    for path in (packed.rows_path(tmp_path / "ladder"), packed.cells_path(tmp_path / "ladder")):
        table = pq.read_table(path)
        pq.write_table(table.slice(6 if table.num_rows > 6 else 1), path)
    with pytest.raises(Damaged, match=r"it has 2 rows of cell string.*and 3 rows"):
        read_results(paths)


@pytest.mark.parametrize("missing", [packed.rows_path, packed.cells_path])
def test_half_of_a_pair_is_damage(tmp_path: Path, missing: Callable[[Path], Path]) -> None:
    pack(tmp_path / "ladder")
    missing(tmp_path / "ladder").unlink()
    with pytest.raises(Damaged, match=f"{missing(Path('ladder')).name}: it is missing"):
        stored_cells(tmp_path / "ladder")


@pytest.mark.parametrize("which", [packed.rows_path, packed.cells_path])
def test_a_flipped_bit_is_noticed_or_harmless(tmp_path: Path, which: Callable[[Path], Path]) -> None:
    paths = pack(tmp_path / "ladder")
    path, rows = which(tmp_path / "ladder"), read_results(paths)
    content, noticed = path.read_bytes(), 0
    places = range(4, len(content), 37)
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        try:
            found = read_results(paths)
        except Damaged:
            noticed += 1
            continue
        pd.testing.assert_frame_equal(found.frame, rows.frame)
        assert found.metas == rows.metas
    assert noticed > len(places) / 3


@pytest.mark.parametrize("words", [["report", "ladder", "--figures", "svg"], ["compare"], ["guide"]])
def test_commands_name_damaged_packed_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    pack(tmp_path / "ladder")
    path = packed.rows_path(tmp_path / "ladder")
    path.write_bytes(path.read_bytes()[:-9])
    where = [str(tmp_path / "ladder")] * 2 if words == ["compare"] else ["--results", str(tmp_path)]
    assert cli.main([*words, *where]) != 0
    assert capsys.readouterr().err.startswith("error: damaged")
    assert not readable(tmp_path / "ladder" / "cells" / "x.json")


def test_compare_reads_packed_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack(tmp_path / "a")
    single(tmp_path / "b")
    assert cli.main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 0
    assert '"passed": true' in capsys.readouterr().out.replace('"pass"', '"passed"')


STUDY = {"kind": "pg_ladder_tuned", "study": "tuned", "variant": "gae", "tasks": ["t"], "trials": [
    {"number": 0, "state": "complete", "value": 0.1, "values": {"n": 5, "lam": 0.1}, "scores": {"t": [0.1, None]}},
    {"number": 1, "state": "diverged", "value": None, "values": {"n": 6, "lam": 1e-300}, "scores": {"t": [None]}},
]}  # fmt: skip


def test_packed_studies_come_back(tmp_path: Path) -> None:
    studies: dict[str, dict[str, Any]] = {
        "gae__t.json": STUDY,
        "ppo__t.json": {**STUDY, "variant": "ppo", "scales": {"t": [0.0, 1.0, None]}},
    }
    pack_studies(tmp_path / "tuned", studies)
    assert list(stored_studies(tmp_path / "tuned")) == sorted(studies.items())
    edited(studies_path(tmp_path / "tuned"), lambda t: t.slice(1))
    with pytest.raises(Damaged, match="it has trials of gae__t, which no study describes"):
        list(stored_studies(tmp_path / "tuned"))

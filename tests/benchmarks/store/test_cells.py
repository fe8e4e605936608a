"""Results on disk: atomic, self-describing, and damage that is noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.estimators.credit import LambdaReturn, NStep
from algorithms.training.records import Members, Record
from benchmarks.design.cell import Cell
from benchmarks.design.cells import blocks, single_cells
from benchmarks.design.identity import canonical
from benchmarks.execution.provenance import command
from benchmarks.execution.runner import cell_path, pending
from benchmarks.execution.train_cell import report_metadata
from benchmarks.store.cells import SCHEMA, save_cell, save_rows
from benchmarks.store.curves import BLOCK
from benchmarks.store.files import Damaged
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.sources import check_cell, read_cells, read_meta, read_results
from envs import TASKS


def cell(task: str = "bandit/small", variant: str = "gae", assignments: tuple[str, ...] = (), seeds: int = 2) -> Cell:
    return single_cells(TASKS[task], ALGORITHMS[variant], seeds, 500, assignments)[0]


def write(folder: Path, one: Cell, records: list[Record]) -> Path:
    """The cell's file with these records."""
    path = cell_path(folder, one)
    meta = {"cell": canonical(one), "provenance": {"commit": "abc"}, "reading": report_metadata(one), "texts": {}}
    save_cell(path, one.task.name, one.algorithm.name, records, meta)
    return path


def reference(seeds: tuple[int, ...] = (3,)) -> Cell:
    """A cell of one row a seed."""
    one = cell(variant="random")
    return replace(one, members=Members(seeds, (0.01,) * len(seeds)))


RECORD = Record(3, 0.0, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)


def test_rows_and_provenance_come_back(tmp_path: Path) -> None:
    path = write(tmp_path, reference(), [RECORD])
    row = read_cells([path]).iloc[0]
    assert (row.task, row.variant, row.seed, row.eval_return, row.wall_s) == ("bandit/small", "random", 3, 1.25, 0.5)
    assert read_meta(path)["provenance"] == {"commit": "abc"}
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # nothing half-written stays


def test_a_table_is_that_of_pyarrows_own_conversion(tmp_path: Path) -> None:
    """Down to the bytes of the file; texts of several bytes a character, no measures and several, nan, both truths."""
    row: dict[str, Any] = {f.name: 7 if f.type == pa.int64() else 0.5 for f in SCHEMA}
    row |= {"task": "tä/sk", "variant": "", "diverged": False, "measures": []}
    more = [{"measures": [("ä", 1.0), ("b", float("nan"))]}, {"diverged": True, "seed": 2**40, "eval_return": -1}]
    rows = [row, *({**row, **change} for change in more * 5)]
    save_rows(tmp_path / "ours", rows, {"a": 1})
    written = pq.read_table(tmp_path / "ours")
    expected = pa.Table.from_pylist(rows, schema=SCHEMA.with_metadata(written.schema.metadata))
    pq.write_table(expected, tmp_path / "theirs", compression="zstd", write_page_checksum=True)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    written.validate(full=True)
    for wrong in ({"seed": 1.5}, {"seed": None}, {"eval_return": None}):
        with pytest.raises(TypeError):
            save_rows(tmp_path / "wrong", [{**row, **wrong}], {})


def test_damage_is_named_set_aside_and_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = reference()
    path = write(tmp_path, one, [RECORD])
    assert pending([one], tmp_path) == []
    path.write_bytes(path.read_bytes()[:-40])
    assert pending([one], tmp_path) == [one]
    assert path.name in capsys.readouterr().err
    assert not path.exists()
    assert [p.name for p in path.parent.iterdir()] == [path.name + ".damaged-0"]


def test_a_file_of_something_else_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    save_cell(path, "a", "b", [], {"provenance": {}})
    with pytest.raises(Damaged, match=r"x\.parquet"):
        check_cell(path)


def test_the_digest_sees_every_choice() -> None:
    base = cell()
    others = [
        cell(variant="baseline_value"),
        cell(assignments=("estimator.credit.lam=.9",)),
        cell(assignments=("training.learning_rate=.5",)),
        cell(seeds=3),
        cell(task="bandit/medium"),
        replace(base, env_steps=501),
    ]
    assert len({c.digest for c in [base, *others]}) == len(others) + 1
    assert cell().digest == base.digest
    renamed = replace(base, algorithm=replace(base.algorithm, summary="other words"))
    assert renamed.digest == base.digest


def test_two_classes_with_equal_fields_differ() -> None:
    assert canonical(LambdaReturn(1.0)) != canonical(NStep(1))
    with pytest.raises(TypeError, match="cannot be part"):
        canonical(object())


def test_seeds_come_in_blocks_so_that_adding_some_retrains_none() -> None:
    assert blocks(20)[0] == blocks(10)[0] == tuple(range(BLOCK))
    assert [len(b) for b in blocks(23)] == [10, 10, 3]
    assert set(blocks(20)) - set(blocks(14)) == {tuple(range(10, 20))}  # so 10 to 13 are trained a second time
    assert blocks(5, 2) == [(0, 1), (2, 3), (4,)]
    ten, twenty = (single_cells(TASKS["bandit/small"], VARIANTS["gae"], n, 500, ()) for n in (10, 20))
    assert ten[0].digest == twenty[0].digest


@pytest.mark.parametrize("where", [["--results", "somewhere"], ["--results=somewhere"], []])
def test_the_recorded_command_leaves_out_where_results_lie(where: list[str]) -> None:
    assert command(["run", "causal", *where, "--seeds", "5"]) == "python -m benchmarks run causal --seeds 5"


def test_measures_come_back_in_long_form(tmp_path: Path) -> None:
    first = replace(RECORD, measures={"kl": 0.5, "gold": -1.0}, texts=("a | b",))
    rows = [first, replace(RECORD, seed=4, member=1), replace(RECORD, seed=5, member=2, measures={"kl": 0.25})]
    path = write(tmp_path, reference((3, 4, 5)), rows)
    frame = read_results([path]).measures
    assert list(frame.columns) == MEASURE_COLUMNS
    assert frame[["seed", "measure", "value"]].to_numpy().tolist() == [
        [3, "kl", 0.5],
        [3, "gold", -1.0],
        [5, "kl", 0.25],
    ]
    assert "measures" not in read_cells([path]).columns
    assert len(read_cells([path])) == 3

"""A finished file is held against its cell: every damage is found, and named with its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.training.records import Members
from benchmarks.cli import main as cli
from benchmarks.design.cell import Cell
from benchmarks.design.cells import single_cells
from benchmarks.execution.runner import cell_path, pending
from benchmarks.execution.train_cell import run_cell
from benchmarks.store.cells import META
from benchmarks.store.files import Damaged, save_json
from benchmarks.store.sources import (
    MEASURED,
    TRAINED,
    check_cell,
    experiments_under,
    read_cells,
    read_measurement,
    read_results,
    readable,
    stored_cells,
)
from benchmarks.store.studies import stored_studies
from benchmarks.tuning import result
from benchmarks.tuning.racing import Race
from envs import TASKS
from envs.api import Scale
from tests.benchmarks.synthetic_results import write_cell

RELEASED = Path(__file__).resolve().parents[3] / "results" / "reference"
Edit = Callable[[pa.Table, dict[str, Any]], object]  # the table in place of this one, or None


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Two members x three checkpoints."""
    return write_cell(tmp_path, "t", "gae", (3, 4), np.arange(6.0).reshape(3, 2))


def edited(path: Path, edit: Edit) -> None:
    """The file with its table or metadata changed."""
    table = pq.read_table(path)
    meta = json.loads(table.schema.metadata[META])
    changed = edit(table, meta)
    table = changed if isinstance(changed, pa.Table) else table
    pq.write_table(table.replace_schema_metadata({META: json.dumps(meta)}), path)


def column(name: str, values: list[Any], kind: pa.DataType | None = None) -> Edit:
    """Other values in a column."""

    def edit(table: pa.Table, meta: dict[str, Any]) -> pa.Table:
        at = table.schema.get_field_index(name)
        return table.set_column(at, pa.field(name, kind or table.schema.field(name).type), pa.array(values, kind))

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda t, m: t.slice(0, 5), "it has 5 rows, and 2 members x 3 checkpoints are 6"),
        (lambda t, m: t.slice(0, 0), "it has no rows"),
        (lambda t, m: pa.concat_tables([t, t.slice(0, 1)]), "it has 7 rows, and 2 members x 3 checkpoints are 6"),
        (
            lambda t, m: pa.concat_tables([t.slice(0, 5), t.slice(0, 1)]),
            "its members have not one row at every checkpoint",
        ),
        (lambda t, m: t.drop_columns("wall_s"), "its columns are not those of a cell (wall_s)"),
        (column("updates", [1.5] * 6, pa.float64()), "its column updates holds double, not int64"),
        (column("diverged", [0] * 6, pa.int64()), "its column diverged holds int64, not bool"),
        (column("eval_return", [None, *[1.0] * 5]), "its column eval_return has rows without a value"),
        (column("member", [0, 2, 0, 2, 0, 2]), "its rows have member 2, and the cell has 2 members"),
        (column("seed", [3, 5, 3, 5, 3, 5]), "its rows are of other seeds than the cell's"),
        (column("learning_rate", [0.5] * 6), "its rows are of other learning rates than the cell's"),
        (column("fraction", [0.0, 0.0, 0.4, 0.4, 1.0, 1.0]), "its rows have other fractions of the budget"),
        (column("checkpoint", [0, 0, 1, 1, 3, 3]), "its rows have checkpoint 3, and the cell has 3 checkpoints"),
        (column("task", ["u"] * 6), "its rows are not all of the task t"),
        (column("variant", ["gae"] * 5 + ["ppo"]), "its rows are not all of the algorithm gae"),
        (lambda t, m: m.clear(), "its metadata lack cell, provenance, reading, texts"),
        (lambda t, m: m.pop("texts"), "its metadata lack texts"),
        (lambda t, m: m.update(provenance="abc"), "its metadata provenance is no object"),
        (lambda t, m: m["reading"].clear(), "its metadata reading lacks change, optional, parent, scale"),
        (lambda t, m: m["reading"].update(scale=1.0), "its metadata reading.scale is no list"),
        (lambda t, m: m["cell"].pop("task"), "its configuration names no task"),
        (lambda t, m: m["cell"].update(algorithm="gae"), "its configuration names no algorithm"),
        (lambda t, m: m["cell"]["members"].update(seeds=[]), "its configuration names no seeds"),
        (lambda t, m: m["cell"]["members"].update(rates=[0.01]), "its configuration has not one learning rate a seed"),
        (lambda t, m: m["cell"].pop("evaluation"), "its configuration says nothing of its checkpoints"),
        (
            lambda t, m: m["cell"].update(env_steps=7),
            "the configuration inside is not the one that its name's digest is of",
        ),
        (lambda t, m: m["provenance"].update(results_version=1), "the configuration inside is not the one"),
    ],
)
def test_every_damage_is_named(made: Path, edit: Edit, said: str) -> None:
    check_cell(made)
    edited(made, lambda t, m: None)
    check_cell(made)  # writing it again is no damage
    edited(made, edit)
    with pytest.raises(Damaged) as error:
        check_cell(made)
    assert str(error.value).startswith(f"{made.name}: {said}")


def test_a_file_under_another_cells_name_is_damaged(made: Path) -> None:
    other = made.with_name(made.name.replace("seeds3-4__", "seeds3-4__0"))
    made.rename(other)
    with pytest.raises(Damaged, match="its name's digest"):
        check_cell(other)


def test_a_flipped_bit_is_noticed_or_harmless(tmp_path: Path) -> None:
    """Of a file that is still accepted the rows are those that were written."""
    made = write_cell(tmp_path, "t", "gae", tuple(range(20)), np.random.default_rng(0).random((21, 20)))
    content, rows = made.read_bytes(), read_cells([made])
    noticed = 0
    places = range(4, len(content), 101)
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 1
        made.write_bytes(flipped)
        if readable(made):
            pd.testing.assert_frame_equal(read_cells([made]), rows)
        else:
            noticed += 1
    assert noticed > len(places) / 2


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    path = write_cell(tmp_path / "lr=0.1", "t", "gae", (0,), np.zeros((2, 1)))
    assert check_cell(path)
    assert "lr" not in read_cells([path]).columns


def test_reference_rows_have_one_checkpoint(tmp_path: Path) -> None:
    cell = single_cells(TASKS["bandit/small"], ALGORITHMS["random"], 2, 500, ())[0]
    path = tmp_path / cell.file_name
    run_cell(cell, path, "cpu", lambda event: None)
    assert check_cell(path)
    edited(path, lambda t, m: t.slice(1))
    with pytest.raises(Damaged, match="it has 1 rows, and 2 members x 1 checkpoints are 2"):
        check_cell(path)


def raced(tmp_path: Path, race: Race | None) -> tuple[Cell, Path]:
    """Three members that differ, with one checkpoint beside the start."""
    plain = single_cells(TASKS["bandit/small"], VARIANTS["gae"], 1, 100, ("training.collection.envs=8",))[0]
    rates = (0.1, 0.2, 0.3)
    members = Members((0, 0, 0), rates, varied=(("training.learning_rate", rates),))
    cell = replace(plain, members=members, evaluation=replace(plain.evaluation, checkpoints=1, episodes=2), race=race)
    return cell, tmp_path / cell.file_name


@pytest.mark.parametrize("race", [None, Race((0,), 1, Scale(0.0, 1.0))])
def test_members_that_differ_are_held_by_their_place(tmp_path: Path, race: Race | None) -> None:
    """Only where there is a race may a member have stopped, and then it has all its checkpoints before."""
    cell, path = raced(tmp_path, race)
    run_cell(cell, path, "cpu", lambda event: None)
    assert check_cell(path)
    rows = read_results([path])
    assert "place" not in {*rows.measures["measure"]}
    last = rows.frame["checkpoint"].to_numpy() == 1
    places = rows.frame["member"].to_numpy()
    whole = pq.read_table(path)
    for dropped, fits in ((last & (places == 2), race is not None), (~last & (places == 2), False)):
        keep = whole.filter(pa.array(~dropped))
        pq.write_table(keep.replace_schema_metadata(whole.schema.metadata), path)
        assert readable(path) == fits


def test_a_damaged_cell_runs_again_and_a_damaged_report_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = single_cells(TASKS["bandit/small"], VARIANTS["gae"], 2, 500, ())[0]
    path = cell_path(tmp_path, cell)
    run_cell(cell, path, "cpu", lambda event: None)
    edited(path, lambda t, m: t.slice(2))
    assert pending([cell], tmp_path) == [cell]
    said = capsys.readouterr().err
    assert f"damaged: {path.name}: it has 20 rows, and 2 members x 11 checkpoints are 22; kept as" in said
    assert [p.name for p in path.parent.iterdir()] == [f"{path.name}.damaged-0"]


@pytest.mark.parametrize("words", [["report", "ladder"], ["compare"], ["guide"]])
def test_every_damaged_file_of_a_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    folder = tmp_path / "ladder"
    paths = [write_cell(folder, "t", v, (0, 1), np.zeros((3, 2))) for v in ("gae", "ppo", "reinforce")]
    edited(paths[0], lambda t, m: t.slice(1))
    paths[2].write_bytes(paths[2].read_bytes()[:-9])
    where = [str(folder), str(folder)] if words == ["compare"] else ["--results", str(tmp_path)]
    assert cli.main([*words, *where]) != 0
    said = capsys.readouterr().err
    assert said.startswith("error: damaged")
    assert [path.name in said for path in paths] == [True, False, True]


def measured(tmp_path: Path) -> Path:
    """A released measurement in a file of its own."""
    source = stored_cells(RELEASED / "gradient_quality", MEASURED)[0]
    path = tmp_path / source.name
    save_json(path, read_measurement(source))
    return path


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda v: v["found"].pop("variance"), "it does not hold what a measurement does (found.variance)"),
        (lambda v: v["found"].update(variance="1"), "its variance is no number"),
        (lambda v: v["cell"].update(replicates=7), "the configuration inside is not the one"),
        (lambda v: v.update(cell=[]), "it does not hold what a measurement does (cell)"),
    ],
)
def test_a_measurement_is_held_against_its_name(
    tmp_path: Path, edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    path = measured(tmp_path)
    assert check_cell(path)
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))
    with pytest.raises(Damaged) as error:
        check_cell(path)
    assert str(error.value).startswith(f"{path.name}: {said}")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda v: v["trials"].pop(0), "its trials are not numbered from 0 on"),
        (lambda v: v["trials"][1].update(state="open"), "its trial 1 has the state open, none of complete, pruned"),
        (lambda v: v.update(chosen=10_000), "trial 10000, which it chose, was not in its selection"),
        (lambda v: v["configuration"].update(more=1), "the configurations that it names are not those of its trials"),
        (lambda v: v["test"].pop("tuned"), "it has no scores on the test seeds"),
        (lambda v: next(iter(v["test"]["tuned"]["scores"].values())).pop(), "its test has not"),
        (lambda v: v.update(variant="other"), "it holds the study other__"),
        (lambda v: v.update(test=3), "AttributeError"),
        (lambda v: v["selection"][0].update(number=None), "TypeError"),
    ],
)
def test_a_study_is_held_against_itself(tmp_path: Path, edit: Callable[[dict[str, Any]], object], said: str) -> None:
    name, value = next(stored_studies(RELEASED / "tuning"))
    path = tmp_path / name
    path.write_text(json.dumps(value))
    assert result.load(path).variant == value["variant"]
    edit(value)
    path.write_text(json.dumps(value))
    with pytest.raises(ValueError, match=path.name.replace("+", r"\+")) as error:
        result.load(path)
    assert f"is damaged: {said}" in str(error.value)


@pytest.mark.parametrize("name", experiments_under(RELEASED))
def test_released_cells_fit_their_digests(name: str) -> None:
    for suffix in (TRAINED, MEASURED):
        assert all(check_cell(path) for path in stored_cells(RELEASED / name, suffix))


def test_all_results_are_released() -> None:
    found = [stored_cells(RELEASED / n, s) for n in experiments_under(RELEASED) for s in (TRAINED, MEASURED)]
    assert sum(map(len, found)) >= 1_621
    assert len(result.load_all(RELEASED / "tuning")) == 50


def test_a_file_of_an_earlier_version_fits_its_own_name(tmp_path: Path) -> None:
    path = write_cell(tmp_path, "t", "gae", (0,), np.zeros((2, 1)))
    edited(path, lambda t, m: m["provenance"].pop("results_version"))
    assert check_cell(path)  # early files do not say which

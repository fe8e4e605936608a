"""Results on disk: atomic, self-describing, and damage that is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from algorithms import VARIANTS
from algorithms.credit import LambdaReturn, NStep
from algorithms.training import Progress, Record, Run, State, train
from benchmarks import store
from benchmarks.cellwork import run_cell
from benchmarks.commands import single_cells
from benchmarks.experiment import BLOCK, Cell, blocks, canonical
from benchmarks.provenance import command
from benchmarks.run import cell_path, pending
from envs import TASKS

RECORD = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)


def cell(task: str = "bandit/small", variant: str = "gae", assignments: tuple[str, ...] = (), seeds: int = 2) -> Cell:
    return single_cells(TASKS[task], VARIANTS[variant], seeds, 500, assignments)[0]


def write(path: Path) -> None:
    store.save_cell(path, "bandit/small", "gae", [RECORD], {"cell": {}, "provenance": {"commit": "abc"}})


def test_rows_and_provenance_come_back(tmp_path: Path) -> None:
    path = tmp_path / "cells" / "x.parquet"
    write(path)
    row = store.read_cells([path]).iloc[0]
    assert (row.task, row.variant, row.seed, row.eval_return, row.wall_s) == ("bandit/small", "gae", 3, 1.25, 0.5)
    assert store.read_meta(path)["provenance"] == {"commit": "abc"}
    assert [p.name for p in path.parent.iterdir()] == ["x.parquet"]  # nothing half-written stays


def test_damage_is_named_set_aside_and_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = cell()
    path = cell_path(tmp_path, one)
    write(path)
    assert pending([one], tmp_path) == []
    path.write_bytes(path.read_bytes()[:-40])
    assert pending([one], tmp_path) == [one]
    assert path.name in capsys.readouterr().err
    assert not path.exists()
    assert [p.name for p in path.parent.iterdir()] == [path.name + ".damaged-0"]


def test_a_file_of_something_else_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    store.save_cell(path, "a", "b", [], {"provenance": {}})
    with pytest.raises(store.Damaged, match=r"x\.parquet"):
        store.check_cell(path)


def test_a_damaged_state_starts_the_cell_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.state"
    assert store.load_state(path) is None
    store.save_state(path, State({"a": torch.arange(3.0)}, {"update": 4}), [RECORD])
    loaded = store.load_state(path)
    assert loaded is not None
    assert loaded[0].tensors["a"].tolist() == [0.0, 1.0, 2.0]
    assert loaded[0].meta["update"] == 4
    assert repr(loaded[1]) == repr([RECORD])
    path.write_bytes(path.read_bytes()[:20])
    assert store.load_state(path) is None


def outdated(path: Path, state: State) -> None:
    """As a release wrote it that did not know of lag_max."""
    store.save_state(path, State({k: v for k, v in state.tensors.items() if k != "lag_max"}, state.meta), [RECORD])


def truncated(path: Path, state: State) -> None:
    store.save_state(path, state, [RECORD])
    path.write_bytes(path.read_bytes()[:-8])


@pytest.mark.parametrize(
    ("write", "why"),
    [(outdated, "an earlier release wrote it, without lag_max"), (truncated, "it is damaged")],
)
def test_a_state_that_cannot_be_gone_on_from_is_named_and_its_cell_begins_anew(
    tmp_path: Path, write: Callable[[Path, State], None], why: str
) -> None:
    one, told = cell(assignments=("training.segment=1", "training.collection.envs=8")), []
    path = cell_path(tmp_path, one)
    run = Run(one.task, one.variant, one.training, one.members, one.env_steps, one.evaluation)
    write(store.state_path(path), next(event for event in train(run) if isinstance(event, State)))
    run_cell(one, path, "cpu", told.append)
    (notice,) = (event.notice for event in told if isinstance(event, Progress) and event.notice)
    assert notice == f"{store.state_path(path).name} cannot be gone on from ({why}); the cell begins anew"
    assert store.read_meta(path)["notices"] == [notice]
    rows = len(one.members.seeds) * len(one.evaluation.fractions)
    assert len(store.read_cells([path])) == rows  # and nothing of the old records
    assert not store.state_path(path).exists()


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
    renamed = replace(base, variant=replace(base.variant, summary="other words"))
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
    path = tmp_path / "x.parquet"
    first = replace(RECORD, measures={"kl": 0.5, "gold": -1.0}, texts=("a | b",))
    rows = [first, replace(RECORD, seed=4), replace(RECORD, seed=5, measures={"kl": 0.25})]
    store.save_cell(path, "t", "v", rows, {"cell": {}, "provenance": {"commit": "abc"}})
    frame = store.read([path]).measures
    assert list(frame.columns) == store.MEASURE_COLUMNS
    assert frame[["seed", "measure", "value"]].to_numpy().tolist() == [
        [3, "kl", 0.5],
        [3, "gold", -1.0],
        [5, "kl", 0.25],
    ]
    assert "measures" not in store.read_cells([path]).columns
    assert len(store.read_cells([path])) == 3

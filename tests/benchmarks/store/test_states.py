"""States of unfinished cells: read at one moment, and resumed only where they fit."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

from algorithms import VARIANTS
from algorithms.training.records import Members, Progress, Record
from algorithms.training.state import RunState
from benchmarks.design.cells import single_cells
from benchmarks.execution import runner
from benchmarks.execution.resume import resumable
from benchmarks.execution.runner import cell_path
from benchmarks.execution.train_cell import run_cell
from benchmarks.store import states, tensor_files
from benchmarks.store.sources import check_cell, read_cells, read_meta
from benchmarks.store.states import Unusable, load_state, save_state, state_path
from envs import TASKS
from envs.files.partial import STALE_S, machine
from tests.benchmarks.store.unfinished_cells import begun, numbers, small
from tests.envs.files.test_partial import dead_process

RECORD = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)


def test_a_state_and_its_records_come_back(tmp_path: Path) -> None:
    path = tmp_path / "x.state"
    save_state(path, RunState({"a": torch.arange(3.0), "b": torch.tensor(True)}, {"update": 4}), [RECORD], "abc")
    state, records = load_state(path, "abc")
    assert (state.tensors["a"].tolist(), state.tensors["b"].item(), state.meta) == (
        [0.0, 1.0, 2.0],
        True,
        {"update": 4},
    )
    assert repr(records) == repr([RECORD])
    assert [p.name for p in tmp_path.iterdir()] == ["x.state"]


def test_a_state_is_read_at_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run puts its own RunState there while the first is being read: tensors and records are of one of them."""
    path, load = tmp_path / "x.state", safetensors.torch.load
    save_state(path, RunState({"at": torch.tensor([3])}, {"at": 3}), [RECORD] * 3)

    def overtaken(content: bytes) -> dict[str, torch.Tensor]:
        save_state(path, RunState({"at": torch.tensor([5])}, {"at": 5}), [RECORD] * 5)
        return load(content)

    monkeypatch.setattr(safetensors.torch, "load", overtaken)
    state, records = load_state(path)
    assert (state.tensors["at"].item(), state.meta["at"], len(records)) == (3, 3, 3)
    monkeypatch.undo()
    state, records = load_state(path)
    assert (state.tensors["at"].item(), state.meta["at"], len(records)) == (5, 5, 5)


def test_two_runs_of_one_cell_in_one_folder_end_alike(tmp_path: Path) -> None:
    """The second begins from the first one's RunState, is overtaken by it, and writes its own States and file after it."""
    cell, whole = small(), tmp_path / "whole"
    run_cell(cell, cell_path(whole, cell), "cpu", lambda event: None)
    path = cell_path(tmp_path, cell)
    seen = 0

    def overtaken(event: Progress | Record) -> None:
        nonlocal seen
        seen += 1
        if seen == 20:
            run_cell(cell, path, "cpu", lambda event: None)
            assert check_cell(path)

    run_cell(cell, path, "cpu", overtaken)
    assert seen > 20
    pd.testing.assert_frame_equal(numbers(path), numbers(cell_path(whole, cell)), check_exact=True)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


Spoil = Callable[[RunState, list[Record]], object]


def at(state: RunState, name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    state.tensors[name] = change(state.tensors[name])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda s, r: s.tensors.pop("lag_max"), "it lacks lag_max"),
        (lambda s, r: s.meta.pop("wall_s"), "it lacks wall_s"),
        (lambda s, r: at(s, "values", lambda x: x[:1]), "its values is [1, 9579] torch.float32, not [2, 9579]"),
        (lambda s, r: at(s, "values", lambda x: x.double()), "its values is [2, 9579] torch.float64, not [2, 9579]"),
        (lambda s, r: at(s, "values", lambda x: x * float("nan")), "its values holds numbers that are not finite"),
        (
            lambda s, r: at(s, "env_steps", lambda x: x.repeat(2)),
            "its env_steps is [4] torch.int64, not [2] torch.int64",
        ),
        (lambda s, r: s.meta.update(update="four"), "its update is 'four'"),
        (lambda s, r: s.meta.update(queue=[1]), None),
        (lambda s, r: s.meta.update(evaluated=1), "it holds 8 records, and its checkpoints have 2"),
        (lambda s, r: r.pop(), "it holds 7 records, and its checkpoints have 8"),
    ],
)
def test_a_state_of_right_names_and_wrong_content_is_set_aside(tmp_path: Path, spoil: Spoil, why: str | None) -> None:
    """The cell begins anew, its file says so, and its rows are those of a run without any RunState."""
    cell, heard = small(), []
    state, records = begun(cell)
    spoil(state, records)
    path = cell_path(tmp_path, cell)
    save_state(state_path(path), state, records, cell.digest)
    run_cell(cell, path, "cpu", heard.append)
    (notice,) = (event.notice for event in heard if isinstance(event, Progress) and event.notice)
    name = state_path(path).name
    assert notice.startswith(f"{name} cannot be resumed ({why or ''}")
    assert notice.endswith(f"it is kept as {name}.damaged-0, and the cell restarts")
    assert read_meta(path)["notices"] == [notice]
    assert len(read_cells([path])) == 22
    assert sorted(p.name for p in path.parent.iterdir()) == sorted([path.name, f"{name}.damaged-0"])


def tampered(path: Path) -> None:
    tensors, meta = tensor_files.load(path)
    tensors["values"][0, 0] += 1
    safetensors.torch.save_file(tensors, path, metadata=meta)


def earlier(path: Path) -> None:
    tensors, meta = tensor_files.load(path)
    safetensors.torch.save_file(tensors, path, metadata={"state": meta["state"]})


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (tampered, "it is damaged: its contents are not those that were written"),
        (earlier, "an earlier release wrote it"),
        (truncated, "it is damaged"),
        (lambda path: path.write_bytes(b""), "it is damaged"),
    ],
)
def test_a_file_that_was_damaged_is_not_gone_on_from(tmp_path: Path, spoil: Callable[[Path], object], why: str) -> None:
    path = tmp_path / "x.state"
    cell = small()
    save_state(path, *begun(cell), cell.digest)
    spoil(path)
    with pytest.raises(Unusable, match=f"^{why}$"):
        load_state(path, cell.digest)
    state, records, said = resumable(cell, path, "cpu")
    assert (state, records) == (None, [])
    assert said.startswith(f"x.state cannot be resumed ({why})")


def test_another_cells_state_is_not_gone_on_from(tmp_path: Path) -> None:
    """The same names and shapes, and another learning rate."""
    path = tmp_path / "x.state"
    other = small(rate=0.2)
    save_state(path, *begun(other), other.digest)
    assert resumable(small(), path, "cpu")[2].startswith("x.state cannot be resumed (it is of another cell)")
    assert not path.exists()


def test_a_state_of_members_that_differ_is_gone_on_from(tmp_path: Path) -> None:
    """With members that have left, and no notice."""
    plain = single_cells(TASKS["lock/small"], VARIANTS["gae"], 1, 600, ("training.segment=1",))[0]
    rates = (0.1, 0.2, 0.3)
    cell = replace(plain, members=Members((0, 1, 2), rates, varied=(("training.learning_rate", rates),)))
    whole, path = cell_path(tmp_path / "whole", cell), cell_path(tmp_path, cell)
    run_cell(cell, whole, "cpu", lambda event: None)

    class Killed(Exception):
        pass

    def killed(event: Progress | Record) -> None:
        if isinstance(event, Progress) and event.env_steps > 900 and state_path(path).exists():
            raise Killed

    with pytest.raises(Killed):
        run_cell(cell, path, "cpu", killed)
    run_cell(cell, path, "cpu", lambda event: None)
    assert read_meta(path)["notices"] == []
    pd.testing.assert_frame_equal(numbers(path), numbers(whole), check_exact=True)


@pytest.mark.parametrize("variant", ["baseline_value", "ppo", "async", "nlpo", "grpo"])
def test_the_states_of_every_kind_fit(variant: str) -> None:
    """What a run has saved is never refused: shapes do not change while it runs."""
    cell = small(variant)
    state, records = begun(cell, 3)
    assert cell.algorithm.reason_unusable(cell, state, len(records), "cpu") is None


def saved_by(path: Path, writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine_, process = writer.split()
    monkeypatch.setattr(states, "machine", lambda: machine_)
    monkeypatch.setattr(states.os, "getpid", lambda: int(process))
    save_state(path, RunState({"a": torch.zeros(1)}, {}), [])
    monkeypatch.undo()


def test_states_of_done_cells_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the dead and the old; not those of whoever may be at work, nor of cells that are not done."""
    done, open_ = small(), small(rate=0.2)
    paths = [cell_path(tmp_path, c) for c in (done, open_)]
    run_cell(done, paths[0], "cpu", lambda event: None)
    state, dead = state_path(paths[0]), f"{machine()} {dead_process()}"
    for writer, stays in ((f"{machine()} {os.getpid()}", True), (f"other {dead_process()}", True), (dead, False)):
        saved_by(state, writer, monkeypatch)
        runner.remove_leftovers(tmp_path)
        assert state.exists() == stays
    state.with_name(state.name + ".damaged-0").write_bytes(b"no RunState")
    saved_by(state_path(paths[1]), dead, monkeypatch)
    saved_by(state, "other 1", monkeypatch)
    old = time.time() - STALE_S - 60
    for path in paths[0].parent.iterdir():
        os.utime(path, (old, old))
    capsys.readouterr()
    runner.remove_leftovers(tmp_path)
    assert (
        capsys.readouterr().err == f"removed from {tmp_path}: 2 unfinished or useless files of runs that were killed\n"
    )
    assert sorted(p.name for p in paths[0].parent.iterdir()) == sorted([paths[0].name, state_path(paths[1]).name])


def test_a_checksum_sees_every_part() -> None:
    base: dict[str, Any] = {"a": torch.zeros(2, 3), "b": torch.tensor(1)}
    others = [
        ({**base, "a": torch.zeros(3, 2)}, "t"),
        ({**base, "a": torch.zeros(2, 3, dtype=torch.float64)}, "t"),
        ({**base, "b": torch.tensor(2)}, "t"),
        ({"c": base["a"], "b": base["b"]}, "t"),
        (base, "u"),
    ]
    assert len({tensor_files.checksum(tensors, text) for tensors, text in [(base, "t"), *others]}) == 6
    assert tensor_files.checksum(dict(reversed(base.items())), "t") == tensor_files.checksum(base, "t")
    assert np.isfinite(len(tensor_files.checksum({"e": torch.zeros(0, 2)}, "")))

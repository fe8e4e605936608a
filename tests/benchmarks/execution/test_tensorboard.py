"""Live logs: what is written comes back with its steps, nothing stays open, and a missing package is said at once."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from algorithms import VARIANTS
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, Record
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import resolve
from benchmarks.execution.tensorboard import MISSING, Live, check
from envs import TASKS

NAN = float("nan")
FIRST = Record(0, 0.01, 0, 0.0, 0, 0, 0.0, 0.25, NAN, False, {"entropy": 1.5, "ratio": NAN})
LATER = replace(
    FIRST, checkpoint=1, env_steps=640, eval_return=0.75, eval_return_greedy=0.875, measures={"entropy": 0.5}
)


def cell(seeds: tuple[int, ...] = (0, 1), rates: tuple[float, ...] = (0.01, 0.01)) -> Cell:
    task, variant = TASKS["bandit/small"], VARIANTS["gae"]
    return Cell(task, variant, resolve(task, variant).training, Members(seeds, rates), 1_000, Evaluation(2, 3))


def told(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(step, value) of each tag of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def runs(folder: Path) -> list[str]:
    return sorted(str(path.parent.relative_to(folder)) for path in folder.rglob("events.out.tfevents.*"))


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    with Live(tmp_path, "the ladder") as live:
        for record in (FIRST, replace(FIRST, seed=1, env_steps=7, eval_return=-2.0), LATER):
            live.record(cell(), record)
    assert runs(tmp_path) == [f"the-ladder/bandit-small__gae__seed{k}" for k in (0, 1)]
    assert told(tmp_path / runs(tmp_path)[0]) == {
        "score/return": [(0, 0.25), (640, 0.75)],
        "score/greedy": [(640, 0.875)],
        "measures/entropy": [(0, 1.5), (640, 0.5)],
    }
    assert told(tmp_path / runs(tmp_path)[1])["score/return"] == [(7, -2.0)]


def test_it_can_be_read_while_the_cell_runs(tmp_path: Path) -> None:
    with Live(tmp_path, "x") as live:
        live.record(cell(), FIRST)
        assert told(tmp_path / "x" / "bandit-small__gae__seed0")["score/return"] == [(0, 0.25)]


def test_a_member_that_diverged_writes_nothing(tmp_path: Path) -> None:
    with Live(tmp_path, "x") as live:
        live.record(cell(), replace(FIRST, eval_return=NAN, diverged=True, measures={}))
    assert not runs(tmp_path)


def test_members_of_several_rates_are_runs_of_their_own(tmp_path: Path) -> None:
    both = cell((0, 0), (0.01, 3e-4))
    with Live(tmp_path, "x") as live:
        live.record(both, FIRST)
        live.record(both, replace(FIRST, learning_rate=3e-4, eval_return=9.0))
    assert runs(tmp_path) == ["x/bandit-small__gae__seed0__rate0.0003", "x/bandit-small__gae__seed0__rate0.01"]
    assert told(tmp_path / runs(tmp_path)[0])["score/return"] == [(0, 9.0)]


def test_a_cell_that_ended_keeps_no_file_open_and_loses_no_late_record(tmp_path: Path) -> None:
    """Another cell's files stay; a record that comes after the end, and after a later one, is added."""
    first, second = cell(), cell((10, 11))
    with Live(tmp_path, "x") as live:
        live.record(first, LATER)
        live.record(second, replace(FIRST, seed=10))
        live.ended(first)
        assert list(live._writers) == ["bandit-small__gae__seed10"]
        live.record(first, FIRST)
    assert not live._writers
    assert sorted(told(tmp_path / "x" / "bandit-small__gae__seed0")["score/return"]) == [(0, 0.25), (640, 0.75)]


def test_a_run_begun_again_replaces_what_it_tells_anew(tmp_path: Path) -> None:
    """Killed after 640 steps and resumed from a State before: 640 is told twice and stands once."""
    for value in (0.75, 0.5):
        with Live(tmp_path, "x") as live:
            if value == 0.75:
                live.record(cell(), FIRST)
            live.record(cell(), replace(LATER, eval_return=value))
    assert told(tmp_path / "x" / "bandit-small__gae__seed0")["score/return"] == [(0, 0.25), (640, 0.5)]


def test_a_missing_package_is_said_before_any_compute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ValueError, match="pip install tensorboard") as caught:
        check()
    assert str(caught.value) == MISSING
    with pytest.raises(ValueError, match="--tensorboard needs"):
        Live(tmp_path, "x")
    assert not list(tmp_path.iterdir())

"""TensorBoard: what is written comes back with its steps, also while it runs, and a missing package is said at once."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.execution.sinks.live import LiveLogs, make_sinks
from benchmarks.execution.sinks.tensorboard import TensorBoard
from envs.validation import UsageError
from tests.benchmarks.execution.sinks.logged import FIRST, LATER, cell

RUN = Path("tensorboard/x/bandit-small__gae__seed0")


def written(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(step, value) of each tag of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    with LiveLogs([TensorBoard(tmp_path)], "x") as live:
        for record in (FIRST, LATER):
            live.record(cell(), record)
    assert written(tmp_path / RUN) == {
        "score/return": [(0, 0.25), (640, 0.75)],
        "score/greedy": [(640, 0.875)],
        "measures/entropy": [(0, 1.5), (640, 0.5)],
    }


def test_it_can_be_read_while_the_cell_runs(tmp_path: Path) -> None:
    with LiveLogs([TensorBoard(tmp_path)], "x") as live:
        live.record(cell(), FIRST)
        assert written(tmp_path / RUN)["score/return"] == [(0, 0.25)]


def test_a_run_begun_again_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    for value in (0.75, 0.5):
        with LiveLogs([TensorBoard(tmp_path)], "x") as live:
            live.record(cell(), replace(FIRST, eval_return=value))
            live.record(cell(), LATER)
            live.ended(cell())
            if value == 0.5:  # and once more in the same process
                live.record(cell(), replace(FIRST, eval_return=0.125))
    assert written(tmp_path / RUN)["score/return"] == [(0, 0.125)]


def test_a_missing_package_is_said_before_any_compute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sinks(["tensorboard"], tmp_path)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UsageError, match=r"--log tensorboard needs .* pip install tensorboard"):
        make_sinks(["tensorboard"], tmp_path)
    assert not list(tmp_path.iterdir())

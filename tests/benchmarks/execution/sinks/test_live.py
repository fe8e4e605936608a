"""What sinks get: every member as a whole run with its settings, and no fault of theirs ends anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from algorithms.training.records import Progress, Record
from algorithms.training.state import RunState
from benchmarks.execution.engine import Message
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.sinks.live import LiveLogs, make_sinks
from benchmarks.execution.train_cell import run_cell
from benchmarks.store.states import save_state, state_path
from envs.validation import UnknownName
from tests.benchmarks.execution.sinks.logged import FIRST, LATER, NAN, Recorder, cell
from tests.benchmarks.small_cells import small_cell

ROWS = [(0, {"score/return": 0.25, "measures/entropy": 1.5}),
        (640, {"score/return": 0.75, "score/greedy": 0.875, "measures/entropy": 0.5})]  # fmt: skip


def test_each_member_is_a_run_of_its_cells_group() -> None:
    sink = Recorder()
    with LiveLogs([sink], "the ladder") as live:
        for record in (FIRST, replace(FIRST, seed=1, env_steps=7, eval_return=-2.0, measures={}), LATER):
            live.record(cell(), record)
    assert sink.rows == {
        "bandit-small__gae__seed0": ROWS,
        "bandit-small__gae__seed1": [(7, {"score/return": -2.0})],
    }
    assert sorted(sink.closed) == sorted(sink.rows)
    assert {(run.project, run.group) for run in sink.opened} == {("the-ladder", "bandit/small x gae")}
    config = dict(sink.opened[1].config)
    assert config["algorithm"]["class"] == "Variant"
    wanted = {"task": "bandit/small", "variant": "gae", "seed": 1, "learning_rate": 0.01, "budget": 1_000,
              "cell": cell().digest, "floor": cell().task.floor, "ceiling": 0.9}  # fmt: skip
    assert {name: config[name] for name in wanted} == wanted


def test_members_of_several_rates_are_runs_of_their_own() -> None:
    both, sink = cell((0, 0), (0.01, 3e-4)), Recorder()
    with LiveLogs([sink], "x") as live:
        live.record(both, FIRST)
        live.record(both, replace(FIRST, learning_rate=3e-4, eval_return=9.0))
    assert list(sink.rows) == ["bandit-small__gae__seed0__rate0.01", "bandit-small__gae__seed0__rate0.0003"]


def test_a_member_that_diverged_writes_nothing() -> None:
    sink = Recorder()
    with LiveLogs([sink], "x") as live:
        live.record(cell(), replace(FIRST, eval_return=NAN, diverged=True, measures={}))
    assert not sink.opened


def test_a_cell_that_ended_is_closed_and_the_others_stay_open() -> None:
    sink = Recorder()
    with LiveLogs([sink], "x") as live:
        live.record(cell(), LATER)
        live.record(cell((10, 11)), replace(FIRST, seed=10))
        live.ended(cell())
        assert sink.closed == ["bandit-small__gae__seed0"]


def test_a_cell_retried_after_a_workers_death_replaces_what_it_wrote() -> None:
    sink, job = Recorder(), CellJob(cell(), Path("x"))
    with LiveLogs([sink], "x") as live:
        job.log(live, Message(0, records=(replace(FIRST, eval_return=9.0),)))
        job.log(live, Message(0, lost="was killed"))
        job.log(live, Message(0, records=(FIRST,)))
        job.log(live, Message(0, records=(LATER,), ended=True))
    assert sink.rows == {"bandit-small__gae__seed0": ROWS}
    assert sink.closed == ["bandit-small__gae__seed0"] * 2


def test_records_of_a_second_copy_of_a_job_replace_those_of_the_first() -> None:
    sink = Recorder()
    with LiveLogs([sink], "x") as live:
        for record in (replace(FIRST, eval_return=9.0), replace(LATER, eval_return=9.0), FIRST, LATER):
            live.record(cell(), record)
    assert sink.rows == {"bandit-small__gae__seed0": ROWS}


def test_a_resumed_cell_sends_the_records_of_its_state_again(tmp_path: Path) -> None:
    """Its curve is whole in every sink, although the process that wrote its beginning is gone."""
    one, path = small_cell(env_steps=4_000), tmp_path / "x.parquet"
    whole: list[Record] = []
    for event in one.algorithm.train(one):
        if isinstance(event, Record):
            whole.append(event)
        elif isinstance(event, RunState) and whole and not state_path(path).exists():
            save_state(state_path(path), event, whole, one.digest)
    assert state_path(path).exists()
    seen: list[Progress | Record] = []
    run_cell(one, path, "cpu", seen.append)
    again = [(r.seed, r.checkpoint, r.eval_return) for r in seen if isinstance(r, Record)]
    assert again == [(r.seed, r.checkpoint, r.eval_return) for r in whole]


@pytest.mark.parametrize("method", ["open", "write", "close"])
def test_a_sink_that_fails_is_said_once_and_left_out(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    broken, sound = Recorder("broken", fails=method), Recorder()
    with LiveLogs([broken, sound], "x") as live:
        for seed in (0, 1):
            for record in (FIRST, LATER):
                live.record(cell(), replace(record, seed=seed))
        live.ended(cell())
    assert list(sound.rows.values()) == [ROWS, ROWS]
    said = capsys.readouterr().err.splitlines()
    assert said == ["--log broken: OSError: No space left on device; the run goes on without it"]
    assert len(broken.opened) == {"open": 0, "write": 1, "close": 2}[method]


def test_an_unknown_tracker_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"log 'tensorbord'.*tensorboard"):
        make_sinks(["tensorbord"], tmp_path)


def test_a_tracker_named_twice_is_one(tmp_path: Path) -> None:
    assert [sink.name for sink in make_sinks(["tensorboard", "tensorboard"], tmp_path)] == ["tensorboard"]

"""How two sides that alternate become a row, and what the comparison of actors compares."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.speed import jax_a2c, measure
from benchmarks.speed.cells import SpeedCell
from benchmarks.speed.measure import SpeedComparison, compare, medians
from benchmarks.speed.processes import cpu_seconds, worker_memory


def scripted(numbers: list[float]) -> Callable[[], float]:
    rates: Iterator[float] = iter(numbers)
    return lambda: next(rates)


def test_a_row_holds_medians_and_the_median_ratio_of_neighbours() -> None:
    """Without the first of each: 10/10, 90/30, 20/10 have the ratios 1, 3, 2; the medians are 20 and 10."""
    pair = SpeedComparison("a", scripted([7.0, 10.0, 90.0, 20.0]), scripted([7.0, 10.0, 30.0, 10.0]), "b")
    assert compare(pair, 3) == {"what": "a", "ours": 20, "peer": 10, "peer_name": "b", "ratio": 2.0}


def test_the_comparison_of_actors_has_all_processors_and_the_others_one(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def noted(pair: SpeedComparison, repeats: int) -> dict[str, object]:
        done.append(pair.what)
        return {"what": pair.what, "ours": 1, "peer": 1, "peer_name": pair.name, "ratio": 1.0}

    monkeypatch.setattr(measure, "compare", noted)
    monkeypatch.setattr(measure, "use_one_core", lambda: done.append("one core"))
    monkeypatch.setattr(measure.language, "against_separate", lambda *_: [])
    monkeypatch.setattr(measure.trl_process, "missing", lambda: "no TRL")
    for name in ("text_tasks", "paid_before_training"):
        monkeypatch.setattr(measure, name, lambda *_: [])
    for name in ("CELLS", "SHARES"):
        monkeypatch.setattr(measure, name, ())
    monkeypatch.setattr(jax_a2c, "missing", lambda: ["jax"])
    monkeypatch.setattr(measure, "available_processors", lambda: 6)
    rows = measure.measure(1)
    assert done[:2] == ["2 actors and a learner, dyck/small, 1 ms computed a step, on 6 processors", "one core"]
    assert rows[0]["peer_name"] == "one process that plays and learns in turn"
    assert len(rows) == 3


def test_one_process_cannot_pass_a_thousand_steps_of_a_millisecond_a_second() -> None:
    rate = measure.actors_comparison(steps=100).theirs()
    assert 0 < rate < 1_000


def test_measurements_take_turns_and_become_medians() -> None:
    """The first turn warms up. Medians of 1 5 3 and 20 40 30."""
    turns: list[str] = []

    def noted(name: str, numbers: list[float]) -> Callable[[], float]:
        next_number = scripted(numbers)
        return lambda: (turns.append(name), next_number())[1]  # type: ignore[func-returns-value]

    rows = medians([("a", "s", noted("a", [9, 1, 5, 3])), ("b", "MiB", noted("b", [9, 20, 40, 30]))], 3)
    assert rows == [{"what": "a", "ours": 3, "unit": "s"}, {"what": "b", "ours": 30, "unit": "MiB"}]
    assert turns == ["a", "b"] * 4


def test_a_cell_is_trained_and_evaluated_as_in_an_experiment() -> None:
    cell = SpeedCell("bandit/small", "gae", 100, seeds=2)
    _, steps = cell.seconds()
    assert steps >= 200
    assert 0 < cell.seconds_of_training() < 10
    assert cell.share_of_evaluation() < 100
    assert cell.cell.members.seeds == (0, 1)


def test_processor_seconds_and_memory_are_those_of_the_processes() -> None:
    """`list` reads every task, `--help` nothing: eight times the seconds, which no fast machine turns round."""
    few, many = cpu_seconds("--help"), cpu_seconds("list")
    memory = worker_memory(SpeedCell("bandit/small", "gae", 100, seeds=2))
    assert few is not None
    assert many is not None
    assert memory is not None
    assert 0 < few < many < 60
    assert 100 < memory < 2_000  # torch alone is more than 100


def test_jax_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(jax_a2c, "PACKAGES", ("json", "no_such_package_of_jax"))
    monkeypatch.setattr("sys.argv", ["jax_a2c"])
    assert jax_a2c.main() == 3
    assert capsys.readouterr().err == "no comparison with JAX: pip install no_such_package_of_jax\n"
    assert measure.against_jax(1) == []


@pytest.mark.slow
def test_actors_are_timed_from_when_they_are_ready() -> None:
    """Two processes import torch before they are, which takes more than the half second that is asked for here."""
    begun = time.monotonic()
    rate = measure.actors_comparison(steps=100).ours()
    assert 100 / rate < time.monotonic() - begun - 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system counts a process from its start")
def test_a_workers_memory_is_its_own_and_not_that_of_who_started_it() -> None:
    """This process has 1.5 GiB resident before the worker starts, which needs less than a third of it."""
    held = b"x" * (3 * 2**29)
    memory = worker_memory(SpeedCell("bandit/small", "gae", 100, seeds=2))
    assert len(held) == 3 * 2**29
    assert memory is not None
    assert memory < 1024

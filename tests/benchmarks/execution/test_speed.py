"""How two sides that alternate become a row, and what the comparison of actors compares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.execution import speed
from benchmarks.execution.speed import SpeedComparison, compare


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

    monkeypatch.setattr(speed, "compare", noted)
    monkeypatch.setattr(speed, "use_one_core", lambda: done.append("one core"))
    monkeypatch.setattr(speed, "text_tasks", list)
    monkeypatch.setattr(speed, "available_processors", lambda: 6)
    rows = speed.measure(1)
    assert done[:2] == ["2 actors and a learner, dyck/small, 1 ms computed a step, on 6 processors", "one core"]
    assert rows[0]["peer_name"] == "one process that plays and learns in turn"
    assert len(rows) == 3


def test_one_process_cannot_pass_a_thousand_steps_of_a_millisecond_a_second() -> None:
    rate = speed.actors_comparison(steps=100).theirs()
    assert 0 < rate < 1_000


@pytest.mark.slow
def test_actors_are_timed_from_when_they_are_ready() -> None:
    """Two processes import torch before they are, which takes more than the half second that is asked for here."""
    begun = time.monotonic()
    rate = speed.actors_comparison(steps=100).ours()
    assert 100 / rate < time.monotonic() - begun - 0.5

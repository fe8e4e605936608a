"""Hidden tasks and seeds: the same for the same source, others for another source or another word of the judge."""

import pytest

from benchmarks.judging import hidden
from benchmarks.judging.hidden import DRAWS, FIRST_SEED, hide, knobs
from benchmarks.judging.protocol import OPEN
from envs import TASKS


def test_one_source_has_the_same_tasks_and_seeds_every_time() -> None:
    assert hide("one") == hide("one")


@pytest.mark.parametrize(("source", "salt"), [("two", ""), ("one", "word")])
def test_another_source_or_word_has_others(source: str, salt: str) -> None:
    first, second = hide("one"), hide(source, salt)
    assert first.first_seed != second.first_seed
    assert first.tasks != second.tasks


@pytest.mark.parametrize("source", [str(i) for i in range(12)])
def test_every_drawn_task_has_a_score_and_is_none_of_the_open_ones(source: str) -> None:
    drawn = hide(source)
    assert [task.name for task in drawn.tasks] == [f"hidden/{name}" for name in DRAWS]
    assert drawn.first_seed >= FIRST_SEED
    open_ones = [TASKS[name].factory for name in OPEN]
    for task in drawn.tasks:
        assert task.floor is not None
        assert task.ceiling is not None
        assert task.floor < task.ceiling
        assert task.factory not in open_ones


def test_a_task_is_described_by_what_was_drawn() -> None:
    lock = next(task for task in hide("one").tasks if task.name == "hidden/lock")
    assert knobs(lock).startswith("Lock length=2, vocabulary=5, ")
    assert "gamma" not in knobs(lock)


def test_hidden_seeds_are_none_of_those_of_a_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hidden, "SEED_BITS", 1)  # as if the smallest seeds were drawn
    assert hide("one").first_seed in (FIRST_SEED, FIRST_SEED + 1)

"""One study, several processes, some of them killed: on a journal, SQLite and PostgreSQL."""

from __future__ import annotations

from functools import partial
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from benchmarks.tuning.storage.trials import finish, release
from benchmarks.tuning.storage.workers import Worker
from tests.benchmarks.tuning.storage.processes import Process, together
from tests.benchmarks.tuning.storage.shared_study import DEFAULT, not_failed, some, start, study_of, train_all


def test_two_processes_that_start_at_once_make_one_study_with_one_default(url: str) -> None:
    assert together(start, url, url) == [[(0, True)]] * 2
    study = study_of(url)
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert some(study, 1, Worker.here())[0].params == DEFAULT


def test_two_processes_never_take_the_same_trial_and_stop_at_the_limit(url: str) -> None:
    study = study_of(url)
    for _ in range(7):
        study.enqueue_trial(DEFAULT)
    one, two = together(partial(train_all, others=1), url, url)
    assert one
    assert two
    assert sorted(one + two) == [t.number for t in study.trials if t.state == TrialState.COMPLETE]
    assert len(one + two) == 24
    assert [t.number for t in study.trials if "default" in t.user_attrs] == [0]
    assert sorted(t.user_attrs["draw"] for t in study.trials if "draw" in t.user_attrs) == list(range(16))
    assert all(t.user_attrs["surplus"] for t in study.trials if t.state != TrialState.COMPLETE)


def hold(url: str) -> list[dict[str, Any]]:
    study = study_of(url)
    held = some(study, 5, Worker.here())
    assert finish(study, held[1], 0.5)
    return [t.params for t in held]


def release_here(url: str) -> list[dict[str, Any]]:
    return release(study_of(url), Worker.here())


@pytest.mark.parametrize("url", ["journal", "postgresql"], indirect=True)
def test_what_a_killed_process_held_is_asked_again_in_order(url: str) -> None:
    study, here = study_of(url), Worker.here()
    mine = some(study, 2, here)
    living, killed = Process(hold, url), Process(hold, url)
    assert release(study, here) == []
    killed.kill()
    lost = [killed.answer[i] for i in (0, 2, 3, 4)]
    assert release(study, here) == lost
    assert release(study, here) == []
    numbers = {t.number for t in study.trials if t.state == TrialState.RUNNING}
    assert numbers == {mine[0].number, mine[1].number, 2, 4, 5, 6}
    again = some(study, 4, here)
    assert [t.params for t in again] == lost
    assert [study.trials[t.number].user_attrs["again"] for t in again] == [7, 9, 10, 11]
    assert len(not_failed(study)) == 12
    living.kill()
    assert release(study, here) == [living.answer[i] for i in (0, 2, 3, 4)]


def test_two_processes_that_release_at_once_enqueue_each_trial_once(url: str) -> None:
    killed = Process(hold, url)
    killed.kill()
    one, two = together(release_here, url, url)
    study = study_of(url)
    assert len(one + two) == 4
    assert sorted(t.user_attrs["again"] for t in study.trials if "again" in t.user_attrs) == [0, 2, 3, 4]
    claimed = [t.params for t in some(study, 4, Worker.here())]
    assert all(killed.answer[i] in claimed for i in (0, 2, 3, 4))
    assert [t.params for t in not_failed(study) if "default" in t.user_attrs] == [DEFAULT]
    assert len(some(study, 9, Worker.here(), limit=7)) == 2  # each of the five counts once

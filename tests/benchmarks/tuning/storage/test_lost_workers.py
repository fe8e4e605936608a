"""Trials of workers that died are tried again."""

from __future__ import annotations

import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from benchmarks.sharing.observer import Observer
from benchmarks.tuning.storage import trials, workers
from benchmarks.tuning.storage.slots import unfinished
from benchmarks.tuning.storage.trials import release
from benchmarks.tuning.storage.workers import GRACE_S, HEARTBEAT_S, Worker, heartbeat
from tests.benchmarks.sharing.shared_folder import Clock
from tests.benchmarks.tuning.storage.shared_study import DEAD, DEFAULT, not_failed, some, study_of


def test_a_configuration_that_was_lost_twice_is_asked_a_third_time(tmp_path: Path) -> None:
    study, here = study_of(tmp_path / "x.journal"), Worker.here()
    params = [t.params for t in some(study, 3, DEAD, limit=3)]
    for _ in range(2):
        assert release(study, here) == params
        assert [t.params for t in some(study, 3, DEAD, limit=3)] == params
    assert len(study.trials) == 9
    assert release(study, here) == params
    assert [t.params for t in some(study, 9, here, limit=3)] == params


@pytest.mark.parametrize("enqueued", [False, True])
def test_who_is_killed_over_a_release_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enqueued: bool
) -> None:
    study, here = study_of(tmp_path / "x.journal"), Worker.here()
    (lost, *_) = some(study, 2, DEAD)
    with monkeypatch.context() as killed:
        killed.setattr(study, "add_trial", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            release(study, here)
    assert release(study, here) == []  # by whoever is about to
    assert unfinished(study)
    assert len(some(study, 9, here, limit=2)) == 0  # nobody takes their seats
    monkeypatch.setattr(trials, "STEP_S", 0.0)
    if enqueued:  # it was only slow: the second of two that are the same trial again is surplus
        study.enqueue_trial(lost.params, user_attrs={"again": 0, "default": True})
        release(study, here)
        study.enqueue_trial(lost.params, user_attrs={"again": 0, "default": True})
    else:
        assert release(study, here)[0] == lost.params
    assert sorted(study.trials[t.number].user_attrs["again"] for t in some(study, 9, here, limit=2)) == [0, 1]
    assert len(not_failed(study)) == 2


def test_who_is_killed_between_taking_a_trial_and_signing_it_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(tmp_path / "x.journal")
    study.ask()
    study.ask()
    assert release(study, Worker.here()) == []
    assert [t.state for t in study.trials] == [TrialState.RUNNING] * 2
    monkeypatch.setattr(trials, "STEP_S", 0.0)
    assert release(study, Worker.here()) == [DEFAULT]  # nothing is known of the other one
    assert [t.state for t in study.trials] == [TrialState.FAIL, TrialState.FAIL, TrialState.WAITING]


@pytest.mark.parametrize("skew_s", [0.0, 600.0, -600.0])
def test_a_worker_elsewhere_lives_while_it_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skew_s: float
) -> None:
    """The clocks of its host, of ours and of the storage are minutes apart; ours counts seconds, and reads no date."""
    clock, study, here = Clock(), study_of(tmp_path / "x.journal"), Worker.here()
    monkeypatch.setattr(workers, "Observer", lambda: Observer(clock))
    theirs = optuna.load_study(study_name="s", storage=study._storage)  # as their process has it
    there = Worker("another host", here.space, here.pid, "another-boot 1")
    container = Worker(here.host, "pid:[1]", 1, here.started)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + skew_s)
    for worker in (there, container):
        some(theirs, 1, worker)
    assert release(study, here) == []
    clock.now += HEARTBEAT_S - 1
    heartbeat(theirs, there)
    assert study.user_attrs[there.key] == 1  # too early
    clock.now += 1
    heartbeat(theirs, there)
    assert study.user_attrs[there.key] == 2
    assert release(study, here) == []
    clock.now += GRACE_S - HEARTBEAT_S
    assert len(release(study, here)) == 1
    assert [t.state for t in study.trials[:2]] == [TrialState.RUNNING, TrialState.FAIL]
    clock.now += HEARTBEAT_S
    assert release(study, here) == [DEFAULT]


def test_hosts_with_other_clocks_enqueue_a_lost_trial_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One host has released a trial and is about to enqueue it; for another, whose clock is ahead, it is as new."""
    study, here, now = study_of(tmp_path / "x.journal"), Worker.here(), time.time()
    some(study, 1, DEAD)
    with monkeypatch.context() as slow:
        slow.setattr(study, "add_trial", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            release(study, here)
    monkeypatch.setattr(time, "time", lambda: now + 600)
    ahead = optuna.load_study(study_name="s", storage=study._storage)
    assert release(ahead, here) == []

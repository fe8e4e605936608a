"""Trials of workers that died are tried again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState

from benchmarks.tuning.storage import trials
from benchmarks.tuning.storage.slots import unfinished
from benchmarks.tuning.storage.trials import release
from benchmarks.tuning.storage.workers import (
    GRACE_S,
    HEARTBEAT_S,
    Worker,
    heartbeat,
    process_start,
    process_start_by_ps,
)
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


def test_a_worker_elsewhere_lives_while_it_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, here = study_of(tmp_path / "x.journal"), Worker.here()
    there = Worker("another host", here.space, here.pid, here.started)
    container = Worker(here.host, "pid:[1]", 1, here.started)
    for worker in (there, container):
        some(study, 1, worker)
    assert release(study, here) == []
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + HEARTBEAT_S - 1)
    heartbeat(study, there)
    assert study.user_attrs[there.key] < now + 1  # too early
    monkeypatch.setattr(time, "time", lambda: now + 100)
    heartbeat(study, there)
    monkeypatch.setattr(time, "time", lambda: now + GRACE_S + 99)
    assert len(release(study, here)) == 1
    assert [t.state for t in study.trials[:2]] == [TrialState.RUNNING, TrialState.FAIL]
    monkeypatch.setattr(time, "time", lambda: now + GRACE_S + 101)
    assert release(study, here) == [DEFAULT]


def test_a_worker_is_known_by_more_than_its_pid() -> None:
    here = Worker.here()
    assert here.alive(here, {})
    assert not DEAD.alive(here, {})
    assert Worker(**json.loads(json.dumps(here.__dict__))) == here


@pytest.mark.parametrize("started", [process_start, process_start_by_ps])
def test_a_corpse_that_nobody_has_buried_is_dead(started: Callable[[int], str]) -> None:
    if not shutil.which("ps"):
        pytest.skip("there is no ps")
    child = subprocess.Popen(["sleep", "60"])
    first = started(child.pid)
    assert first
    assert started(child.pid) == first
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert started(child.pid) == ""
    child.wait()
    assert started(child.pid) == ""

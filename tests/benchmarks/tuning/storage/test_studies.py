"""A study is made once, and its protocol is kept."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from benchmarks.tuning.storage import studies
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.tuning.storage.workers import Worker
from tests.benchmarks.tuning.storage.shared_study import DEFAULT, PROTOCOL, some, start, study_of


def test_another_protocol_is_refused_and_told_field_by_field(tmp_path: Path) -> None:
    study_of(tmp_path / "x.journal")
    other = {**PROTOCOL, "seeds": 7, "sampler": "tpe"}
    wanted = (
        r"'s' has another protocol: sampler null \(requested: \"tpe\"\), seeds 5 \(requested: 7\); give another --study"
    )
    with pytest.raises(ValueError, match=wanted):
        study_of(tmp_path / "x.journal", other)
    assert study_of(tmp_path / "x.journal").user_attrs["protocol"] == PROTOCOL


def test_trials_may_grow_until_the_test(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    study = study_of(path)
    assert study_of(path, {**PROTOCOL, "trials": 32}).user_attrs["protocol"]["trials"] == 32
    with pytest.raises(ValueError, match=r"trials 32 \(requested: 24\)"):
        study_of(path)
    study.set_user_attr("tested", True)
    study_of(path, {**PROTOCOL, "trials": 32})
    with pytest.raises(ValueError, match="test seeds"):
        study_of(path, {**PROTOCOL, "trials": 40})
    assert study.user_attrs["protocol"]["trials"] == 32


@pytest.mark.parametrize("steps", range(4))
def test_a_study_whose_maker_died_is_finished_by_who_comes_next(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "STEP_S", 0.1)
    study = optuna.create_study(
        storage=open_storage(str(tmp_path / "x.journal"), tmp_path), study_name="s", direction="maximize"
    )
    if steps > 0:
        study.set_user_attr("protocol", PROTOCOL)
    if steps > 1:
        study.enqueue_trial(DEFAULT, user_attrs={"default": True})
    if steps > 2:
        study.set_user_attr("ready", True)
    assert start(str(tmp_path / "x.journal")) == [(0, True)]
    assert study.user_attrs == {"protocol": PROTOCOL, "ready": True}


def test_the_study_of_another_program_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "STEP_S", 0.1)
    study = optuna.create_study(storage=open_storage(str(tmp_path / "x.journal"), tmp_path), study_name="s")
    with pytest.raises(ValueError, match="another program"):
        study_of(tmp_path / "x.journal")
    assert not study.user_attrs


def test_a_maker_that_was_only_slow_leaves_a_second_default_which_is_never_trained(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    study.enqueue_trial(DEFAULT, user_attrs={"default": True})
    claimed = some(study, 3, Worker.here())
    assert [t.number for t in claimed] == [0, 2, 3]
    assert study.trials[1].state == TrialState.FAIL
    assert study.trials[1].user_attrs["surplus"]

"""Trials are claimed up to the limit, finished once, and returned."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from benchmarks.tuning.storage import trials as trials_module
from benchmarks.tuning.storage.slots import unfinished
from benchmarks.tuning.storage.trials import claim, finish, return_unfinished
from benchmarks.tuning.storage.workers import Worker
from tests.benchmarks.tuning.storage.shared_study import SPACE, random, some, study_of


def test_of_trials_made_at_the_same_moment_the_last_are_surplus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(tmp_path / "x.journal")
    looks = iter([True, True, True, False])  # whoever looks sees room, as all do who look at once
    monkeypatch.setattr(trials_module, "has_free_slot", lambda *_: next(looks))
    assert [t.number for t in some(study, 3, Worker.here(), limit=2)] == [0, 1]
    assert study.trials[2].state == TrialState.FAIL
    assert study.trials[2].user_attrs["surplus"]
    assert not study.trials[2].params


def test_a_study_is_unfinished_while_a_trial_waits_or_is_held(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    assert unfinished(study)
    (trial,) = some(study, 1, Worker.here())
    assert unfinished(study)
    finish(study, trial, 0.5)
    assert not unfinished(study)


def test_a_failed_trial_makes_room_for_another(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    first = some(study, 9, Worker.here(), limit=3)
    assert len(first) == 3
    assert finish(study, first[1], None, TrialState.FAIL)
    (more,) = some(study, 9, Worker.here(), limit=3)
    assert more.params not in [t.params for t in first]


def test_a_trial_that_another_process_failed_is_not_told_twice(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    trial = some(study, 1, Worker.here())[0]
    study_of(tmp_path / "x.journal").tell(0, state=TrialState.FAIL)
    assert not finish(study, trial, 0.5)
    assert not finish(study, 0, None, TrialState.FAIL)
    assert study.trials[0].value is None


def test_a_value_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    with pytest.raises(ValueError, match="nan"):
        finish(study, some(study, 1, Worker.here())[0], float("nan"))


def test_what_is_given_back_is_tried_again_unless_it_is_told(tmp_path: Path) -> None:
    study = study_of(tmp_path / "x.journal")
    trials = some(study, 4, Worker.here())
    finish(study, trials[1], 0.5)
    study_of(tmp_path / "x.journal").tell(2, state=TrialState.FAIL)
    return_unfinished(study, trials)
    assert [t.state for t in study.trials[:4]] == [
        TrialState.FAIL,
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.FAIL,
    ]
    assert [t.params for t in some(study, 2, Worker.here())] == [trials[0].params, trials[3].params]


def test_a_claim_that_is_failed_half_way_goes_on_with_another(tmp_path: Path) -> None:
    study, other = study_of(tmp_path / "x.journal"), study_of(tmp_path / "x.journal")

    def interrupted(draw: int) -> BaseSampler:
        if len(other.trials) == 2:
            other.tell(1, state=TrialState.FAIL)
        return random(draw)

    claimed = claim(study, 3, SPACE, 24, Worker.here(), interrupted)
    assert [t.number for t in claimed] == [0, 2, 3]
    assert study.trials[2].user_attrs["draw"] == 0  # trial 1 had it, and did not get to ask

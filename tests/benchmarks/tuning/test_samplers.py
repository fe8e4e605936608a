"""What a seed decides, and what a kill does not change."""

from __future__ import annotations

import json
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import FloatDistribution

from benchmarks.tuning.samplers import KINDS, sampler
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.tuning.storage.studies import open_study
from benchmarks.tuning.storage.trials import claim, finish, release
from benchmarks.tuning.storage.workers import Worker
from tests.benchmarks.tuning.storage.shared_study import DEAD, DEFAULT, PROTOCOL, SPACE, not_failed, study_of


def score(params: dict[str, Any]) -> float:
    return -((params["lam"] - 0.3) ** 2) - (params["layers"] - 3) ** 2 + (params["credit"] == "td")


def drawn(path: Path, kind: str, seed: int, batches: tuple[int, ...], killed: bool = False) -> list[dict[str, Any]]:
    """The configurations of a study; before the last batch, a process may have been killed over it."""
    study, draws = study_of(path), partial(sampler, kind, seed)
    for count in batches:
        if killed and count == batches[-1]:
            claim(study, 2, SPACE, 15, DEAD, draws)
            release(study, Worker.here())
        for trial in claim(study, count, SPACE, 15, Worker.here(), draws):
            finish(study, trial, score(trial.params))
    return [t.params for t in not_failed(study)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_decides_what_is_drawn_and_a_kill_does_not(tmp_path: Path, kind: str) -> None:
    if kind == "cma":
        pytest.importorskip("cmaes", reason="pip install cmaes to test its sampler")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = drawn(tmp_path / "a.journal", kind, 0, (12, 3))
    resumed = drawn(tmp_path / "b.journal", kind, 0, (12, 3), killed=True)
    assert whole[0] == DEFAULT
    assert len({json.dumps(params) for params in whole}) == len(whole) == 15
    if kind == "cma":  # it reads the trial's number
        resumed[-1:] = whole[-1:]
    assert resumed == whole
    other = drawn(tmp_path / "c.journal", kind, 1, (12,))
    assert not any(params in whole for params in other[1:])


def test_a_lost_trial_stays_in_its_generation_of_cma_es(tmp_path: Path) -> None:
    pytest.importorskip("cmaes", reason="pip install cmaes to test its sampler")
    study, draws = study_of(tmp_path / "x.journal"), partial(sampler, "cma", 0)
    for trial in claim(study, 2, SPACE, 24, Worker.here(), draws):
        finish(study, trial, score(trial.params))
    claim(study, 1, SPACE, 24, DEAD, draws)
    release(study, Worker.here())
    assert [t.system_attrs.get("cma:generation") for t in study.trials] == [None, None, 0, 0]


def test_sobol_points_are_those_of_one_sequence(tmp_path: Path) -> None:
    store = open_storage(None, tmp_path)
    study, other = (open_study(store, name, PROTOCOL, {"x": 0.5, "y": 0.5}) for name in "ab")
    unit = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}
    trials = claim(study, 17, unit, 17, Worker.here(), partial(sampler, "qmc", 0))
    for axis in unit:  # of 16 points, one in each sixteenth
        assert sorted(int(16 * t.params[axis]) for t in trials[1:]) == list(range(16))
    later = claim(other, 2, unit, 17, Worker.here(), lambda draw: sampler("qmc", 0, draw + 15))
    assert later[1].params == trials[16].params  # by its draw, not by how many points the study has seen


def test_samplers_that_there_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="unknown sampler 'tep'; nearest: tpe"):
        sampler("tep", 0, 0)
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(ValueError, match="pip install cmaes"):
        sampler("cma", 0, 0)

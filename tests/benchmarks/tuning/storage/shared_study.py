"""A study in a storage, and processes that work on it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from benchmarks.tuning.samplers import sampler
from benchmarks.tuning.storage.opening import open_storage
from benchmarks.tuning.storage.studies import open_study
from benchmarks.tuning.storage.trials import claim, finish
from benchmarks.tuning.storage.workers import Worker

SPACE: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "lam": FloatDistribution(0.0, 1.0),
    "layers": IntDistribution(1, 4),
    "credit": CategoricalDistribution(["td", "mc"]),
}
DEFAULT = {"rate": 0.01, "lam": 0.95, "layers": 2, "credit": "mc"}
PROTOCOL = {"trials": 24, "seeds": 5, "objective": "auc"}
SECRET = "open-sesame"
DEAD = replace(Worker.here(), started=Worker.here().started + "0")  # an earlier process that had our pid
random = partial(sampler, "random", 0)
opened: list[BaseStorage] = []


def study_of(url: str | Path, protocol: dict[str, Any] = PROTOCOL) -> Study:
    opened.append(open_storage(str(url), Path("no folder")))
    return open_study(opened[-1], "s", protocol, DEFAULT)


def some(study: Study, count: int, worker: Worker, limit: int = 24) -> list[optuna.Trial]:
    return claim(study, count, SPACE, limit, worker, random)


def not_failed(study: Study) -> list[FrozenTrial]:
    return [t for t in study.trials if t.state != TrialState.FAIL]


def refusal(url: str) -> str:
    """The one line with which a storage is refused; it does not hold the password."""
    with pytest.raises(ValueError, match=r"\S") as caught:
        open_storage(url, Path("no folder"))
    said = str(caught.value)
    assert "\n" not in said
    assert SECRET not in said
    assert "sesame" not in said
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # nor does a traceback
    return said


def start(url: str) -> list[tuple[int, bool]]:
    return [(t.number, "default" in t.user_attrs) for t in study_of(url).trials]


def train_all(url: str, others: int = 0) -> list[int]:
    """Batches of four, until there are none; the second not before as many others have taken their first."""
    study, numbers = study_of(url), []
    while batch := some(study, 4, Worker.here()):
        numbers += [t.number for t in batch]
        assert all(finish(study, t, 0.5) for t in batch)
        while len({t.user_attrs["worker"]["pid"] for t in study.trials if "worker" in t.user_attrs}) <= others:
            time.sleep(0.01)
    return numbers

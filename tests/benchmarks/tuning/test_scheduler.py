"""Studies on processes: the same on one and on two, after a kill, and where nothing can be chosen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest

from benchmarks.tuning import result
from benchmarks.tuning.storage.opening import open_storage
from tests.benchmarks.tuning.small_studies import lose_runs, scheduled_in, tuned_in, without_provenance


def test_where_all_diverged_nothing_is_chosen_and_that_is_said(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_runs(monkeypatch, lambda stage, c, s: True)
    outcome = scheduled_in(trained)
    assert outcome.paths == ()
    assert outcome.failures == (
        "gae on bandit/small: every configuration, the default too, diverged on all selection seeds: none can be chosen",
    )


def test_the_same_seed_gives_the_same_trials_in_this_process_and_on_two(studied: Path, tmp_path: Path) -> None:
    assert not scheduled_in(tmp_path, ("gae", "reinforce"), jobs=2).failures
    first, again = (result.load_all(folder / "tuned") for folder in (studied, tmp_path))
    assert [without_provenance(t) for t in first] == [without_provenance(t) for t in again]


def test_a_kill_in_the_middle_loses_nothing_and_leaves_no_trial_running(studied: Path, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "tests.benchmarks.tuning.small_studies", str(tmp_path)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=ROOT)
    cells = tmp_path / "tuned" / "cells"
    while not any(cells.glob("*.parquet")) and process.poll() is None:
        time.sleep(0.01)  # until the first of two batches is trained
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert states(tmp_path).count(optuna.trial.TrialState.COMPLETE) < 6
    (cut,), (whole, _) = tuned_in(tmp_path), result.load_all(studied / "tuned")
    assert without_provenance(cut) == without_provenance(whole)
    assert optuna.trial.TrialState.RUNNING not in states(tmp_path)
    assert states(tmp_path).count(optuna.trial.TrialState.COMPLETE) == 6


ROOT = Path(__file__).parents[3]


def states(folder: Path) -> list[optuna.trial.TrialState]:
    storage = open_storage(None, folder / "tuned")
    return [t.state for t in optuna.load_study(storage=storage, study_name="tuned/gae/bandit/small").trials]

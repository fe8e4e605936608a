"""`tune` and `run(tuned=True)`: what is chosen is what is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import run, tune
from benchmarks.execution.engines import pool
from benchmarks.store.sources import read_meta
from envs.validation import UsageError

BANDIT = "bandit/small"
SMALL: dict[str, Any] = {
    "trials": 2, "batch": 2, "env_steps": 300, "selection_seeds": 2, "test_seeds": 2, "jobs": 1, "progress": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "START", "fork")


def test_what_is_chosen_is_what_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tune(BANDIT, "reinforce", sets={"training.discount": 0.5}, results=tmp_path, **SMALL)
    values = found.configurations[BANDIT, "reinforce"]
    assert values["training.discount"] == 0.5
    (row,) = found.table.to_dict("records")
    assert (row["task"], row["variant"], row["seeds"]) == (BANDIT, "reinforce", 2)
    assert row["difference"] == pytest.approx(row["tuned"] - row["default"])
    assert len(found.trials) == 2
    assert "training.discount (--set)" in repr(found)
    again = tune(BANDIT, "reinforce", sets=["training.discount=.5"], results=tmp_path, **SMALL)
    assert again.studies == found.studies
    result = run(BANDIT, "reinforce", seeds=1, env_steps=200, tuned=True, results=tmp_path, jobs=1, progress=False)
    (path,) = result.paths
    assert path.is_relative_to(tmp_path / "notebook-tuned")
    cell = read_meta(path)["cell"]
    assert (cell["members"]["rates"], cell["training"]["discount"]) == ([values["training.learning_rate"]], 0.5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("task", "variant", "more", "said"),
    [
        (BANDIT, "gea", {}, "unknown variant 'gea'; nearest: gae"),
        (BANDIT, "optimal", {}, "optimal does not learn: there is nothing to tune"),
        (BANDIT, "gae", {"tuning_seeds": 3}, "^tuning_seeds must be at least 5, not 3"),
        (
            BANDIT,
            "gae",
            {"space": "lam", "sets": {"estimator.credit.lam": 0.9}},
            "^sets fixes estimator.credit.lam, and",
        ),
        (BANDIT, "gae", {"trials": 0}, "^trials must be at least 1"),
        (
            f"{BANDIT},lock/small",
            "gae",
            {"pruner": "racing", "together": True, "trials": 64},
            "^pruner racing races on",
        ),
    ],
)
def test_mistakes_are_named_before_any_work(
    task: str, variant: str, more: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        tune(task, variant, results=tmp_path / "results", **{**SMALL, **more})
    assert not (tmp_path / "results").exists()

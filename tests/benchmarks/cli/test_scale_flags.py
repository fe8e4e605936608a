"""Scales of users' tasks on the command line: scores where an end is known, returns where none is, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.cli import main as cli

PENDULUM = ["--tasks", "gymnasium:Pendulum-v1", "--variants", "reinforce,ppo", "--env-steps", "400", "--seeds", "2"]


def test_run_of_a_users_task_says_return_and_with_a_ceiling_normalises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--results", str(tmp_path), "--jobs", "1", "--figures", "svg"]
    assert cli.main(["run", "smoke", *PENDULUM, *where]) == 0
    folder = tmp_path / "smoke"
    text = (folder / "report.md").read_text()
    assert "normalised" not in text + "".join(p.read_text() for p in (folder / "figures").glob("*.svg"))
    assert "mean return on gymnasium:Pendulum-v1 (-1" in text
    (floor,) = (tmp_path / "floors").iterdir()
    assert -1400 < json.loads(floor.read_text())["mean"] < -1050
    cells = {p.name for p in (folder / "cells").iterdir()}
    assert cli.main(["run", "smoke", *PENDULUM, *where, "--ceiling", "-150"]) == 0
    assert {p.name for p in (folder / "cells").iterdir()} == cells  # nothing is trained again
    assert "(ceiling - floor)" in (folder / "report.md").read_text()
    assert cli.main(["report", "smoke", "--results", str(tmp_path), "--figures", "svg"]) == 0
    assert "normalised" in (folder / "report.md").read_text()
    assert cli.main(["compare", str(folder), str(folder)]) == 0
    assert "of the normalised score" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "smoke", "--ceiling", "3"], "--ceiling has no meaning for"),
        (["run", "smoke", *PENDULUM, "--floor", "1", "--ceiling", "0"], "--floor must be below --ceiling, not 1 and 0"),
        (
            ["run", "learning_rates", "--tasks", "gymnasium:Pendulum-v1,CartPole-v1"],
            "gymnasium:Pendulum-v1 has no ceiling",
        ),
        (
            ["run", "ladder", "--tasks", "gymnasium:Pendulum-v1,CartPole-v1", "--adaptive"],
            "--adaptive averages over tasks",
        ),
        (["run", "gradient_quality", "--ceiling", "3"], "--ceiling has no meaning for gradient_quality"),
        (
            ["train", "--task", "CartPole-v1", "--variant", "ppo", "--floor", "3"],
            "--floor has no meaning for CartPole-v1",
        ),
        (
            ["tune", "--variant", "ppo", "--tasks", "gymnasium:Pendulum-v1,CartPole-v1", "--dry-run"],
            "gymnasium:Pendulum-v1 has no ceiling",
        ),
    ],
)
def test_what_cannot_be_averaged_or_scaled_is_refused_by_name(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, "--results", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_train_reads_a_users_task_as_far_as_it_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", "--task", "gymnasium:CartPole-v1", "--variant", "reinforce", "--seeds", "2", "--env-steps", "200"]
    assert cli.main([*train, "--results", str(tmp_path)]) == 0
    assert "final return" in capsys.readouterr().out
    assert [p.parent.name for p in tmp_path.rglob("gymnasium-CartPole*.json")] == ["floors"]

"""Scales of users' tasks: flags, floors that are measured once, what a report reads, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.execution.floors import with_floors
from envs import TASKS, random_policy
from envs.api import Task
from envs.random_policy import Floor
from tests.contracts.image_task import IMAGES

MINE = Task("mine", IMAGES.factory)


def test_a_floor_is_measured_once_and_again_for_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def measured(task: Task) -> Floor:
        asked.append(task.name)
        return Floor(1.5, 0.1, 300, 4_000)

    monkeypatch.setattr(random_policy, "measure_floor", measured)
    monkeypatch.setattr(
        "benchmarks.execution.floors.run_in_child", lambda work: work()
    )  # a child's calls are not seen here
    given = replace(MINE, name="given", floor=-1.0)
    assert [t.floor for t in with_floors([MINE, given], tmp_path)] == [1.5, -1.0]
    assert [t.floor for t in with_floors([MINE], tmp_path)] == [1.5]
    assert asked == ["mine"]
    (file,) = (tmp_path / "floors").iterdir()
    assert json.loads(file.read_text())["episodes"] == 300
    with_floors([replace(MINE, factory=TASKS["Blackjack-v1"].factory), replace(MINE, gamma=0.5)], tmp_path)
    assert asked == ["mine"] * 3
    file.write_text("broken")
    with_floors([MINE], tmp_path)
    assert len(asked) == 4
    with pytest.raises(ValueError, match=r"return on mine is 1.5: --ceiling must be above it, not 1"):
        with_floors([replace(MINE, ceiling=1.0)], tmp_path)


def test_an_environment_that_cannot_be_measured_is_no_obstacle_without_a_ceiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(task: Task) -> Floor:
        raise SystemExit("I leave")

    monkeypatch.setattr(random_policy, "measure_floor", measured)
    assert with_floors([MINE], tmp_path) == [MINE]
    said = (
        "the floor of mine cannot be measured (SystemExit: the code of the task or variant called sys.exit(I leave) ("
    )
    assert said in capsys.readouterr().err
    with pytest.raises(ValueError, match="give it by --floor"):
        with_floors([replace(MINE, ceiling=3.0)], tmp_path)


# compare, adaptive

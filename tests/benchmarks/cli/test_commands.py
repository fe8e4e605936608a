"""Commands that only look: lists, and runs that are dry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.cli.main import main


def test_list_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert {"tasks", "variants", "experiments"} == set(made)
    assert "CartPole-v1" in {task["name"] for task in made["tasks"]}
    assert main(["list", "variants"]) == 0
    assert "reward_to_go     from reinforce" in capsys.readouterr().out


def test_dry_run_says_what_would_run_and_trains_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["run", "smoke", "--dry-run", "--seeds", "20", "--variants", "gae,ppo", "--results", str(tmp_path)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out.count("members x") == 2 * 2 * 2  # tasks x variants x blocks
    assert "8 cells" in said.err
    assert list(tmp_path.iterdir()) == []


def test_an_experiments_baseline_that_was_left_out_gives_way(tmp_path: Path) -> None:
    """The ladder's own baseline is reinforce; with two others the first of them takes its place."""
    words = ["run", "ladder", "--variants", "gae,ppo", "--adaptive", "--dry-run", "--results", str(tmp_path)]
    assert main(words) == 0

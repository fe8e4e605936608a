"""The journey of docs/own-environment.md: from the page's class to tuned variants, by the page's commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from benchmarks.execution.engines import pool
from benchmarks.store.sources import read_meta
from tests.journeys.pages import blocks, commands

PAGE = "own-environment.md"
SMALL = {
    "train": ["--seeds", "2", "--env-steps", "200"],
    "run": ["--seeds", "2", "--env-steps", "200", "--jobs", "1", "--figures", "svg"],
    "tune": ["--trials", "2", "--batch", "2", "--env-steps", "200", "--jobs", "1"],
}
FEW = ["--selection-seeds", "2", "--test-seeds", "2"]


@pytest.fixture(autouse=True)
def in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the module of the page."""
    (tmp_path / "tank.py").write_text(blocks(PAGE, "python")[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(pool, "START", "fork")
    sys.modules.pop("tank", None)
    return tmp_path


def test_the_class_is_trained_by_its_name_and_what_is_assumed_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, with_arguments = [words for words in commands(PAGE) if words[0] == "train"]
    assert main([*first, *SMALL["train"]]) == 0
    said = capsys.readouterr()
    assert "tank:Tank has no settings of its own: observations and returns are normalised" in said.err
    assert "floor of tank:Tank: -1" in said.err
    assert "the uniform policy's is -1" in said.out
    assert main([*with_arguments, *SMALL["train"]]) == 0
    assert "floor of tank:Tank(size=500, leak=0.2): " in capsys.readouterr().err
    metas = [read_meta(path)["cell"] for path in sorted((tmp_path / "results/train/cells").glob("*.parquet"))]
    arguments = {meta["task"]["name"]: meta["task"]["factory"]["arguments"] for meta in metas}
    assert arguments == {"tank:Tank": [], "tank:Tank(size=500, leak=0.2)": [["size", 500], ["leak", 0.2]]}
    assert all(meta["training"]["normalise_observations"] and meta["training"]["normalise_returns"] for meta in metas)


def test_the_commands_that_compare_and_tune_fit(capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(PAGE):
        if words[0] in ("run", "tune") and "--tuned" not in words:
            assert main([*words, *SMALL[words[0]], "--dry-run"]) == 0, words
            assert "tank:Tank" in capsys.readouterr().out


def test_what_is_turned_off_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    off = ["--set", "training.normalise_observations=false", "--set", "training.normalise_returns=false"]
    assert main(["train", "--task", "tank:Tank", "--variant", "gae", *SMALL["train"], *off]) == 0
    assert "normalised" not in capsys.readouterr().err


@pytest.mark.slow
def test_all_commands_of_the_page_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(PAGE):
        small = [*SMALL.get(words[0], ["--figures", "svg"]), *(FEW if words[0] == "tune" else [])]
        if words[0] == "tune":
            small += ["--tuning-seeds", "5"]
        assert main([*words, *small]) == 0, words
    capsys.readouterr()
    rates = json.loads((tmp_path / "results/tank-rates/rates.json").read_text())
    assert set(rates["tank:Tank"]) == {"reinforce", "gae", "ppo"}
    report = (tmp_path / "results/tank-rates/report.md").read_text()
    assert report.startswith("# tank-rates\n\n**How do reinforce, gae and ppo compare on tank:Tank?**")
    assert "The learning rate of `reinforce`, `gae` and `ppo` was selected for this comparison" in report
    assert (tmp_path / "results/tank-best-tuned/report.md").exists()

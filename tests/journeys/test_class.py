"""The journey of a teacher: two variants beside each other, and what the better one has learned, shown move by move."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cli.main import main


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_two_variants_are_watched_and_one_is_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--task", "lock/small", "--variants", "reinforce,ppo", "--seeds", "6", "--env-steps", "6000"]
    assert main([*words, "--save-policies"]) == 0
    out = capsys.readouterr().out
    assert "ppo ends higher than reinforce: " in out  # p = 2 / 2^6
    assert "(p 0.031, 6 seeds in pairs)" in out
    assert "policies in results/train/policies" in out
    files = sorted((tmp_path / "results/train/policies").glob("*ppo*.safetensors"))
    assert len(files) == 6
    assert main(["play", str(files[0])]) == 0
    assert capsys.readouterr().out

"""A stage that is killed goes on from its last state, and ends with the bytes that it would have had."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from tests.benchmarks.cli.language.own_texts import made
from tests.benchmarks.cli.stopped import stopped_in_the_middle


@pytest.mark.slow
def test_a_killed_fine_tuning_ends_with_the_same_bytes(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    words = ["language", "sft", "--base", str(made()[1]), "--data", str(here / "demonstrations.jsonl"), "--seeds", "2"]
    words += ["--batch", "1", "--passes", "8", "--results"]
    status, _ = stopped_in_the_middle([sys.executable, "-m", "benchmarks", *words, str(broken)], broken, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert not list(broken.rglob("adapters.safetensors"))
    capsys.readouterr()
    assert main([*words, str(broken)]) == 0
    assert "goes on where it was interrupted" in capsys.readouterr().err
    assert not list(broken.rglob("*.state"))
    assert main([*words, str(whole)]) == 0
    first, second = (next(folder.rglob("adapters.safetensors")) for folder in (whole, broken))
    assert first.parent.name == second.parent.name
    assert first.read_bytes() == second.read_bytes()

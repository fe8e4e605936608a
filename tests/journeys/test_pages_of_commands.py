"""The pages that list commands, and those for Python: each command is understood, each block of code runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from benchmarks.execution.engines import pool
from tests.journeys.pages import blocks, commands

PLACEHOLDERS = {"FOLDER", "FILE", "BASE"}  # of the reader's own
PLANNED = [
    words
    for page in ("commands.md", "tuning.md", "../README.md")
    for words in commands(page)
    if words[0] in ("run", "tune") and not PLACEHOLDERS & {*words} and "--tuned" not in words
]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(pool, "START", "fork")


@pytest.mark.parametrize("words", PLANNED, ids=" ".join)
def test_a_command_of_a_page_is_understood(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in words if not re.search(r"PASSWORD@HOST", word) and word != "--storage"]
    if "--log" in words:  # a tracker is a package of its own
        at = words.index("--log")
        words = words[:at] + words[at + 2 :]
    assert main([*words, "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "to run" in said.err
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_the_code_of_the_page_for_python_runs(tmp_path: Path) -> None:
    first, second = blocks("python-api.md", "python")[:2]
    here = {"__name__": "page"}
    small = first.replace("seeds=10, env_steps=15_000", "seeds=2, env_steps=300")
    assert small != first
    exec(small, here)
    result = here["result"]
    assert len(result.scores) == 2 * 3 * 2  # tasks, variants, seeds
    assert (tmp_path / "scores.pdf").exists()
    assert "tune(" in second
    few = "trials=2, batch=2, tuning_seeds=5, env_steps=300, selection_seeds=2, test_seeds=2"
    second = second.replace("trials=32", few).replace("tuned=True", "tuned=True, seeds=2, env_steps=300")
    exec(second, here)
    assert set(here["studies"].table["variant"]) == {"gae", "ppo"}


@pytest.mark.slow
def test_a_saved_policy_is_loaded_as_the_page_says(tmp_path: Path) -> None:
    words = ["train", "--task", "CartPole-v1", "--variant", "gae", "--save-policies"]
    assert main([*words, "--seeds", "1", "--env-steps", "300"]) == 0
    (file,) = (tmp_path / "results/train/policies").glob("*.safetensors")
    (code,) = blocks("policies.md", "python")
    here = {"__name__": "page"}
    exec(re.sub(r'"results/train/policies/.*?"', repr(str(file)), code), here)
    assert here["action"] in (0, 1)
    sys.modules.pop("page", None)

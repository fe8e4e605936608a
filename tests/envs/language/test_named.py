"""Language tasks by name: known before there is a model, and refused without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cli.list import as_json, as_text
from envs import TASKS
from envs.language import named
from envs.language.named import FAMILIES, language_names, language_task
from envs.named import registered_task
from envs.validation import UsageError


def test_names_are_known_without_torch() -> None:
    assert {"phrase/small", "phrase/medium", "phrase/hard"} <= language_names().keys()
    code = "import sys; from envs.language.named import language_names as names; print(len(names()), 'torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == [str(len(language_names())), "False"]


def test_without_models_the_command_is_named(tmp_path: Path) -> None:
    wanted = "phrase/small needs the suite's base model, and .* has none; .*: python -m benchmarks run rlhf_exact"
    with pytest.raises(UsageError, match=wanted):
        language_task("phrase/small", tmp_path / "models")
    (tmp_path / "base-0a1b").mkdir()
    (tmp_path / "base-0a1b.damaged-1").mkdir()  # no artefact
    with pytest.raises(UsageError, match="needs the suite's judge model"):
        language_task("phrase/small", tmp_path)
    (tmp_path / "base-0a1c").mkdir()
    with pytest.raises(UsageError, match="several base models, base-0a1b and base-0a1c"):
        language_task("phrase/small", tmp_path)
    with pytest.raises(UsageError, match="unknown language task 'phrase/smal'; nearest: phrase/small"):
        language_task("phrase/smal", tmp_path)


def test_commands_find_language_tasks_among_the_others(tmp_path: Path) -> None:
    assert registered_task("lock/small") is TASKS["lock/small"]
    with pytest.raises(UsageError, match="phrase/medium needs the suite's base model"):
        registered_task("phrase/medium", tmp_path)
    with pytest.raises(UsageError, match="unknown task 'phrase/smal'; nearest: phrase/small"):
        registered_task("phrase/smal", tmp_path)
    assert any(line.startswith("  phrase/hard ") and "language" in line for line in as_text(["tasks"]).splitlines())
    assert {"phrase/small"} <= {str(task["name"]) for task in as_json()["tasks"]}


def test_a_named_task_is_built_of_both_artefacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "base-0a").mkdir()
    (tmp_path / "judge-0b").mkdir()
    found: list[object] = []
    monkeypatch.setattr(FAMILIES["phrase"], "task", lambda *given: found.append(given))
    language_task("phrase/hard", tmp_path)
    assert found == [("phrase/hard", tmp_path / "base-0a", tmp_path / "judge-0b")]
    assert Path("results") / "models" == named.FOLDER

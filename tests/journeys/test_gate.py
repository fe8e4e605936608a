"""The journey of a maintainer: the commands of the workflow that lets no change through which learns worse."""

from __future__ import annotations

import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from benchmarks.cli.main import main
from benchmarks.execution.engines import pool

WORKFLOW = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "benchmark.yml"


def steps() -> dict[str, list[str]]:
    """The words of each command of ours, by the name of its step."""
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    lines = {step.get("name", ""): step.get("run", "").replace("\\\n", " ") for step in jobs["benchmark"]["steps"]}
    return {name: shlex.split(text)[1:] for name, text in lines.items() if text.startswith("pg-ladder ")}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pool, "START", "fork")


@pytest.mark.slow
def test_the_gate_lets_the_same_pass_and_too_few_seeds_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, compare = steps()["Train"], steps()["Compare"]
    assert main([*train, "--env-steps", "300", "--jobs", "1"]) == 0
    (tmp_path / "baseline").mkdir()
    (tmp_path / "results/ladder").rename(tmp_path / "baseline/ladder")
    assert main([*train, "--env-steps", "300", "--jobs", "1"]) == 0
    assert main(compare) == 0
    cases = list(ElementTree.parse(tmp_path / "comparison/junit.xml").iter("testcase"))
    assert len(cases) >= 9
    assert not [case for case in cases if case.find("failure") is not None]
    assert (tmp_path / "comparison/report.html").exists()
    (tmp_path / "results/ladder").rename(tmp_path / "twenty")
    assert main([*train, "--env-steps", "300", "--jobs", "1", "--seeds", "10"]) == 0
    assert main(compare) == 1
    assert "gate: " in capsys.readouterr().err


def test_the_workflow_trains_and_compares() -> None:
    assert steps()["Train"][:2] == ["run", "ladder"]
    assert steps()["Compare"][:3] == ["compare", "baseline/ladder", "results/ladder"]

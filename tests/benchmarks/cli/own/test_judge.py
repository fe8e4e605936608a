"""`judge`: what it says before any compute, and, where it is slow, whole judgements of a copy and of a gain."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main

COPY = """
from dataclasses import replace
from algorithms import VARIANTS
VARIANT = replace(VARIANTS["{of}"], name="mine")
"""
STREAM = COPY.format(of="stream_ac")


@pytest.fixture(autouse=True)
def in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "judged_mine.py").write_text(COPY.format(of="rloo"))
    (tmp_path / "judged_stream.py").write_text(STREAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("judged_mine", "judged_stream"):
        sys.modules.pop(name, None)


def test_a_dry_run_names_rivals_and_hidden_tasks_and_trains_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "judged_mine.py", "--dry-run", "--cores", "2"]) == 0
    said = capsys.readouterr()
    assert "mine against clip_cov, gspo, baseline_loo, reinforce, rloo" in said.err
    # 6 contestants: 4 open tasks, and 5 hidden ones at each of 3 looks
    assert "at most 114 cells, 3 looks of 10 seeds" in said.err
    assert said.out.count("hidden/") == 5
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing.py"], "there is no file nothing.py"),
        (["judged_stream.py"], "mine learns from single steps"),
        (["judged_mine.py", "--against", "rlo"], "unknown variant 'rlo'; nearest: rloo"),
        (["judged_mine.py", "--against", "exact_pg"], "exact_pg reads the model of the task"),
        (["judged_mine.py", "--max-seeds", "15"], "--max-seeds must be a multiple of 10"),
        (["judged_mine.py", "--env-steps", "0"], "--env-steps must be at least 1"),
        (["judged_mine.py", "--jobs", "0"], "--jobs must be at least 1"),
    ],
)
def test_mistakes_are_one_line_before_any_compute(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", *words]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(("of", "against", "status"), [("rloo", "rloo", 1), ("rloo", "reinforce", 0)])
def test_a_copy_is_not_better_and_a_known_gain_is(of: str, against: str, status: int) -> None:
    """At half the tokens: rloo under another name against itself, and against reinforce."""
    words = ["judge", "judged_mine.py", "--against", against, "--env-steps", "10000", "--salt", "test"]
    assert main(words) == status
    (written,) = Path("results/judge").glob("mine-*/verdict.json")
    assert json.loads(written.read_text())["verdict"] == ("not shown" if status else "better")
    assert written.with_name("report.html").exists()
    before = written.read_bytes()
    assert main(words) == status
    assert written.read_bytes() == before

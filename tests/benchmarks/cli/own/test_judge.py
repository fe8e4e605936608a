"""`judge`: what it says before any compute, and, where it is slow, whole judgements of a copy and of a gain."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from algorithms import VARIANTS
from benchmarks.cli.main import main
from benchmarks.judging.cells import open_cells
from benchmarks.judging.protocol import Protocol
from benchmarks.judging.released import is_released
from envs import TASKS

COPY = """
from dataclasses import replace
from algorithms import VARIANTS
VARIANT = replace(VARIANTS["{of}"], name="mine")
"""
MANY = """
from algorithms import VARIANTS
from algorithms.composition import Schedule
VARIANT = VARIANTS["ppo"].rung("mine", "more passes", schedule=Schedule(epochs=40, minibatches=4))
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
    assert "mine against baseline_loo, reinforce, rloo; where it beats them, against clip_cov, gspo\n" in said.err
    # open tasks: 4 of the candidate and 4 of each rival without released runs; hidden ones: 5 of each contestant and look
    protocol = Protocol()
    tasks = [TASKS[name] for name in protocol.open_tasks]
    first, last = (
        sum(not is_released(cell) for cell in open_cells(tasks, [VARIANTS[name] for name in names], protocol))
        for names in (("baseline_loo", "reinforce", "rloo"), ("clip_cov", "gspo"))
    )
    assert f"at least {4 + first + 4 * 5} cells, one look of 10 seeds: about " in said.err
    assert f"at most {4 + first + last + 6 * 5 * 3} cells, 3 looks of 10 seeds" in said.err
    assert "--env-steps" not in said.err
    assert said.out.count("hidden/") == 5
    assert not Path("results").exists()


def test_a_candidate_that_costs_more_than_a_judgement_is_meant_to_is_told_what_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """40 passes over each rollout, in place of ppo's 4."""
    Path("judged_many.py").write_text(MANY)
    sys.modules.pop("judged_many", None)
    assert main(["judge", "judged_many.py", "--dry-run"]) == 0
    said = capsys.readouterr().err
    fits = re.search(r"on 2 processors this may take longer than 15 min: .*; --env-steps (\d+)000 takes less", said)
    assert fits is not None
    assert 1 <= int(fits[1]) <= 9  # some 4 to 10 times as long
    assert main(["judge", "judged_many.py", "--dry-run", "--env-steps", f"{fits[1]}000"]) == 0
    assert "may take longer" not in capsys.readouterr().err


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

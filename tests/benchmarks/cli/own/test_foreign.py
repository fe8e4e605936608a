"""`examine FILE::function`: what is printed of a function that is right, one that is wrong, and the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cli.main import main

FILE = """
def whole(scores, mask, group_ids):
    return ((scores - scores.mean()) / (scores.std() + 1e-6))[:, None] * mask

def mean_of_all(logp, old_logp, advantages, mask):
    return (-(logp - old_logp).exp() * advantages * mask).mean()

def odd(rewrds):
    return rewrds
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(FILE)
    return str(tmp_path / "mine.py")


def test_a_break_has_its_smallest_example_and_the_status_is_1(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examine", f"{file}::mean_of_all"]) == 1
    said = capsys.readouterr().out.splitlines()
    at = said.index("FAIL padding on the right does not matter: expected no difference; seen 0.4")
    assert said[at + 1].strip() == "smallest example:"
    assert said[at + 2].strip() == "mask [[1], [1]]"
    # (1.2, -1.2) / 2 positions, and / 6 with two columns of padding
    assert said[at + 10].strip() == "-d loss/d logp [[0.6], [-0.6]], after the change [[0.2], [-0.2]]"
    assert said[-1].startswith(f"{file}::mean_of_all: ")


def test_what_is_not_promised_is_printed_and_not_judged(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examine", f"{file}::whole"]) == 0
    said = capsys.readouterr().out
    assert "has  shift: a constant on every text's reward changes nothing" in said
    assert "groups" not in said
    assert main(["examine", f"{file}::whole", "--promise", "groups,shift"]) == 1
    said = capsys.readouterr().out
    assert "FAIL promised: other prompts have no influence" in said
    assert "changed: scores" in said


def test_all_prints_rules_that_hold_and_properties_that_do_not(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examine", f"{file}::whole", "--all"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "not  groups: other prompts have no influence" in said
    rules = sum(line.startswith("ok ") for line in said)
    assert said[-1] == f"{file}::whole: {rules} of {rules} rules hold"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["::odd"], "unknown parameter 'rewrds'; nearest: reward"),
        (["::od"], "nearest: odd"),
        (["::whole", "--as", "ver"], "unknown adapter 'ver'; nearest: verl"),
        (["::whole", "--promise", "grup"], "unknown promise 'grup'; nearest: groups"),
        (["::whole", "--given", "clip=1"], "unknown parameter 'clip'"),
        (["::whole", "--replicates", "3"], "--replicates samples gradients of an estimator"),
    ],
)
def test_mistakes_are_said_and_the_status_is_2(
    words: list[str], said: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["examine", file + words[0], *words[1:]]) == 2
    assert said in capsys.readouterr().err


def test_flags_of_functions_are_for_functions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examine", "rloo", "--promise", "groups"]) == 2
    assert "--as, --promise and --given are for FILE::function, not rloo" in capsys.readouterr().err

"""`examine`: what it prints of right and wrong estimators, and its exit status."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main

MODULE = """
from dataclasses import dataclass, replace
from algorithms import VARIANTS
from algorithms.estimators.baseline import LeaveOneOut
from algorithms.variant import Promises

@dataclass(frozen=True)
class Half(LeaveOneOut):
    def __call__(self, q, rollout, values, state):
        b, state = super().__call__(q, rollout, values, state)
        return 0.5 * b, state

@dataclass(frozen=True)
class Broken(LeaveOneOut):
    def __call__(self, q, rollout, values, state):
        raise RuntimeError("not written yet")

LOO = VARIANTS["baseline_loo"]
ESTIMATOR = replace(LOO.estimator, baseline=Half())
VARIANT = replace(LOO, name="half", estimator=ESTIMATOR)
BROKEN = replace(LOO.estimator, baseline=Broken())
NUMBER = 3
"""


LACKING = """
from dataclasses import dataclass, replace
from algorithms import VARIANTS

@dataclass(frozen=True)
class Mine:
    def __call__(self, q, rollout, values, state):
        return 0 * q, state

ESTIMATOR = replace(VARIANTS["gae"].estimator, baseline=Mine())
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "halves.py").write_text(MODULE)
    (tmp_path / "lacking.py").write_text(LACKING)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("halves", "lacking"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["halves:ESTIMATOR", "halves:VARIANT"])
def test_what_is_broken_is_printed_and_the_status_is_1(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examine", name]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("FAIL where all returns are equal the baseline is that return: expected a baseline of 2")
    assert len(said) == 2
    rules = int(said[-1].split(" of ")[1].split()[0])
    assert said[-1] == f"{name}: {rules - 1} of {rules} rules hold"


def test_all_rules_of_ours_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examine", "rloo", "--all"]) == 0
    *rules, last = capsys.readouterr().out.splitlines()
    assert all(rule.startswith("ok ") for rule in rules)
    assert last == f"rloo: {len(rules)} of {len(rules)} rules hold"


def test_what_promises_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    main(["examine", "halves:ESTIMATOR"])
    assert "halves:ESTIMATOR promises nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["halves:BROKEN"], 1, "halves:BROKEN cannot be examined: RuntimeError: not written yet"),
        (["halves:NUMBER"], 2, "is of class int and has no estimator: it is neither a Variant nor an Estimator"),
        (["halves:Half"], 2, "is a class; name a constant that holds a Variant or Estimator"),
        (["halves:VARIAN"], 2, "unknown constant of halves 'VARIAN'; nearest: VARIANT"),
        (
            ["lacking:ESTIMATOR"],
            2,
            "TypeError: baseline Mine lacks critic, needs_score_norms, needs_greedy_return, initial",
        ),
        (["lacking:ESTIMATOR"], 2, "lacking.py, line 10)"),
        (["random"], 2, "random has no estimator"),
        (["rlo"], 2, "unknown variant 'rlo'; nearest: rloo"),
        (["gae", "--replicates", "-1"], 2, "--replicates must be 0 or more, not -1"),
        (["gae", "--replicates", "10"], 2, "--replicates needs a promise: gae has no Promises(factor=...)"),
    ],
)
def test_what_cannot_be_examined(words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examine", *words]) == status
    assert said in capsys.readouterr().err

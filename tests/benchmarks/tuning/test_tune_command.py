"""The command that tunes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from benchmarks.execution.engines import pool
from benchmarks.store.sources import read_meta
from benchmarks.tuning import result


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--task", "bandit/small"], "tune takes --variant NAME or --variants A,B, one of the two"),
        (["--variant", "gae", "--variants", "ppo", "--task", "bandit/small"], "one of the two"),
        (["--variant", "gea", "--task", "bandit/small"], "unknown variant 'gea'; nearest: gae"),
        (["--variant", "gae", "--task", "bandit/smal"], "unknown task 'bandit/smal'; nearest: bandit/small"),
        (["--variant", "gae", "--task", "bandit/small", "--sampler", "tpee"], "unknown sampler 'tpee'; nearest: tpe"),
        (["--variant", "gae", "--task", "bandit/small", "--study", "a/b"], "--study names a folder"),
        (["--variant", "optimal", "--task", "bandit/small"], "optimal does not learn"),
        (["--variant", "scst", "--task", "CartPole-v1"], "scst compares with a greedy answer"),
        (["--variant", "gae", "--task", "bandit/small", "--env-steps", "0"], "--env-steps must be at least 1"),
        (["--variant", "gae", "--task", "bandit/small", "--jobs", "0"], "--jobs must be at least 1"),
        (
            ["--variant", "gae", "--tasks", "bandit/small,lock/small", "--pruner", "racing"],
            "--pruner racing races on one task",
        ),
        (["--variant", "gae", "--task", "bandit/small", "--storage", "sqlit:///x.db"], "unknown database 'sqlit'"),
        (
            [
                "--variant",
                "gae",
                "--task",
                "bandit/small",
                "--space",
                "lam,discount",
                "--set",
                "estimator.credit.lam=.9",
            ],
            "--set fixes estimator.credit.lam, and --space searches it; leave it out of one of the two",
        ),
        (
            ["--variant", "gae", "--task", "bandit/small", "--space", "lam", "--set", "estimator.credit.lambda=.9"],
            "unknown field of LambdaReturn in --set estimator.credit.lambda 'lambda'; nearest: lam",
        ),
        (
            ["--variants", "gae,reinforce", "--task", "bandit/small", "--set", "estimator.credit.lam=.9"],
            "--set estimator.credit.lam",
        ),
    ],
)
def test_mistakes_are_named_before_any_compute(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", *words, "--results", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") <= 1
    assert not any(tmp_path.rglob("*.parquet"))


def test_a_dry_run_says_what_would_be_tuned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["tune", "--variants", "ladder", "--task", "bandit/small", "--dry-run", "--results", str(tmp_path)]) == 0
    )
    out = capsys.readouterr().out
    assert "ppo on bandit/small: 64 trials x 5 seeds over training.learning_rate" in out
    assert out.count("\n") == 10
    assert not any(tmp_path.iterdir())


def test_the_experiment_runs_and_is_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "tuning", "--smoke", "--results", str(tmp_path)]
    assert main([*words, "--dry-run"]) == 0
    assert main([*words, "--env-steps", "640", "--jobs", "1"]) == 0
    folder = tmp_path / "tuning-smoke"
    assert len(result.load_all(folder)) == 2
    page = (folder / "report.html").read_text()
    assert main(["report", "tuning", "--smoke", "--results", str(tmp_path), "--figures", "svg"]) == 0
    assert "Default against tuned" in page
    assert main([*words, "--seeds", "3"]) == 2
    assert "--seeds has no meaning for tuning" in capsys.readouterr().err


SMALL = [
    "--trials",
    "2",
    "--batch",
    "2",
    "--env-steps",
    "300",
    "--selection-seeds",
    "2",
    "--test-seeds",
    "2",
    "--jobs",
    "1",
]


@pytest.mark.slow
def test_the_line_that_it_prints_runs_what_was_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two variants with a value of their own; the line is pasted, with a budget that is smaller still."""
    monkeypatch.setattr(pool, "START", "fork")
    fixed = ["--set", "training.discount=.5"]
    where = ["--results", str(tmp_path / "my results"), "--study", "mine"]
    assert main(["tune", "--variants", "reinforce,gae", "--task", "bandit/small", *SMALL, *fixed, *where]) == 0
    said = capsys.readouterr()
    assert "training.discount (--set)" in said.out
    line = said.err.strip().splitlines()[-1]
    assert line.startswith("run next: python -m benchmarks run ladder --tasks bandit/small --variants reinforce,gae ")
    words = shlex.split(line)[5:]
    assert main([*words, "--seeds", "2", "--jobs", "1", "--figures", "svg"]) == 0
    folder = tmp_path / "my results/ladder-tuned"
    assert (folder / "report.md").exists()
    metas = [read_meta(path)["cell"] for path in folder.glob("cells/*.parquet")]
    chosen = {study.variant: study.configuration for study in result.load_all(tmp_path / "my results/mine")}
    assert {meta["training"]["discount"] for meta in metas} == {0.5}
    rates = {meta["algorithm"]["name"]: meta["members"]["rates"][0] for meta in metas}
    assert rates == {name: values["training.learning_rate"] for name, values in chosen.items()}


def test_a_study_with_another_fixed_value_is_another_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "START", "fork")
    words = ["tune", "--variant", "reinforce", "--task", "bandit/small", *SMALL, "--results", str(tmp_path)]
    assert main([*words, "--set", "training.discount=.5"]) == 0
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert main([*shlex.split(line)[5:], "--dry-run"]) == 0
    assert main([*words, "--set", "training.discount=.6"]) == 2
    assert "fixed" in capsys.readouterr().err

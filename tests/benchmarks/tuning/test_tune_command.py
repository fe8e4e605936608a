"""The command that tunes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cli.main import main
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

"""The command line: every mistake is one line with the nearest names and status 2, before any compute."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.cli.main import main
from benchmarks.store.sources import read_cells

ROOT = Path(__file__).resolve().parents[3]

MISTAKES = [
    (["rnu", "ladder"], "unknown command 'rnu'; nearest: run"),
    (["run", "lader"], "unknown experiment 'lader'; nearest: ladder"),
    (["run", "ladder", "--tasks", "CartPole"], "unknown task 'CartPole'; nearest: CartPole-v1"),
    (["run", "ladder", "--variants", "gae,reinforc"], "unknown variant 'reinforc'; nearest: reinforce"),
    (["run", "ladder", "--sedes", "3"], "unknown flag of run '--sedes'; nearest: --seeds"),
    (["run", "ladder", "--seeds", "0"], "--seeds must be at least 1, not 0"),
    (["run", "ladder", "--env-steps", "-5"], "--env-steps must be at least 1, not -5"),
    (["run", "ladder", "--jobs", "0"], "--jobs must be at least 1"),
    (["run", "async_throughput", "--jobs", "2"], "async_throughput measures seconds and runs one cell after another"),
    (["run", "ladder", "--seeds", "many"], "many"),
    (["run", "ladder", "--tasks", ","], "',' names nothing"),
    (
        ["run", "ladder", "--tasks", "CartPole-v1", "--variants", "exact_pg"],
        "exact_pg needs an oracle, and CartPole-v1",
    ),
    (["run", "ladder", "--device", "abacus"], "--device 'abacus' cannot be used"),
    (["run", "ladder", "--tasks", "gymnasium:Nothing-v0"], "Nothing"),
    (["run", "ladder", "--tasks", "no_module:TASK"], "no_module"),
    (["run"], "experiment"),
    (["train", "--task", "CartPole-v1"], "--variant"),
    (["train", "--task", "CartPole-v1", "--variant", "gae", "--set", "estimator.credit.lm=1"], "nearest: lam"),
    (["train", "--task", "CartPole-v1", "--variant", "gae", "--set", "estimator.credit.lam=2"], "not 2"),
    (["train", "--task", "CartPole-v1", "--variant", "gae", "--set", "estimator.credit.lam=x"], "takes float"),
    (["train", "--task", "CartPole-v1", "--variant", "gae", "--set", "estimator.credit=1"], "lam"),
    (["train", "--task", "CartPole-v1", "--variant", "gae", "--set", "lam=1"], "--set takes"),
    (["train", "--task", "CartPole-v1", "--variant", "gae", "--set", "training.learning_rate=-1"], "learning_rate"),
    (["report", "lader"], "unknown experiment"),
    (["report", "smoke", "--results", "/nowhere"], "holds no results"),
    (["report", "smoke", "--figures", "svg,pgn"], "unknown kind of figure '.pgn'; nearest: .png"),
    (["report", "smoke", "--figures", "png"], "--figures must hold svg"),
    (["run", "ladder", "--baseline", "gaee"], "unknown baseline 'gaee'; nearest: gae"),
    (["run", "ladder", "--baseline", "random"], "unknown baseline 'random'"),
    (["run", "ladder", "--adaptive", "--max-seeds", "15"], "--max-seeds must be a multiple of 10, 10 or more, not 15"),
    (["run", "ladder", "--adaptive", "--margin", "0"], "--margin must be greater than 0, not 0"),
    (["run", "learning_rates", "--adaptive"], "--adaptive has no meaning for learning_rates, which does not"),
    (["compare", "nowhere", "nowhere"], "nowhere holds no cells: name a folder such as results/ladder"),
    (["compare", "nowhere", "nowhere", "--margin", "-1"], "--margin must be greater than 0, not -1"),
    (["guide", "--results", "nowhere"], "nowhere holds no runs of experiments"),
    (["list", "task"], "unknown list 'task'; nearest: tasks"),
    (["tune"], "tune takes --variant NAME or --variants A,B, one of the two"),
    (["play"], "results/<experiment>/policies/<...>.safetensors (required)"),
    (["play", "nowhere.safetensors"], "nowhere.safetensors is not there; policies are saved by `train` and `run`"),
    (["play", "nowhere.safetensors", "--episodes", "0"], "--episodes must be at least 1, not 0"),
    (["play", "nowhere.safetensors", "--seed", "-1"], "--seed must be 0 or more, not -1"),
    (["play", "nowhere.safetensors", "--greddy"], "unknown flag of play '--greddy'; nearest: --greedy"),
    (["train", "--task", "CartPole-v1", "--variant", "random", "--save-policies"], "random trains nothing"),
    (
        ["train", "--task", "CartPole-v1", "--variant", "sb3:a2c", "--save-policies"],
        "sb3:a2c is trained by stable-baselines3, whose policies are not ours",
    ),
    (["run", "gradient_quality", "--save-policies"], "--save-policies has no meaning for gradient_quality"),
    (["run", "tuning", "--save-policies"], "--save-policies has no meaning for tuning"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=lambda m: " ".join(m) if isinstance(m, list) else "")
def test_mistakes_are_one_line_and_status_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []  # nothing was computed


def test_list_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert {"tasks", "variants", "experiments"} == set(made)
    assert {"name": "CartPole-v1"}.items() <= made["tasks"][
        [t["name"] for t in made["tasks"]].index("CartPole-v1")
    ].items()
    assert main(["list", "variants"]) == 0
    assert "reward_to_go     from reinforce" in capsys.readouterr().out


def test_dry_run_says_what_would_run_and_trains_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["run", "smoke", "--dry-run", "--seeds", "20", "--variants", "gae,ppo", "--results", str(tmp_path)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out.count("members x") == 2 * 2 * 2  # tasks x variants x blocks
    assert "8 cells" in said.err
    assert list(tmp_path.iterdir()) == []


def test_an_experiments_baseline_that_was_left_out_gives_way(tmp_path: Path) -> None:
    """The ladder's own baseline is reinforce; with two others the first of them takes its place."""
    words = ["run", "ladder", "--variants", "gae,ppo", "--adaptive", "--dry-run", "--results", str(tmp_path)]
    assert main(words) == 0


RUN = ["run", "smoke", "--tasks", "lock/small,CartPole-v1", "--variants", "reward_to_go,gae,random", "--seeds", "3"]


def command(results: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks", *RUN, "--env-steps", "30000", "--results", str(results), *more]


def rows(results: Path) -> pd.DataFrame:
    frame = read_cells(sorted((results / "smoke" / "cells").glob("*.parquet")))
    return frame.drop(columns="wall_s").sort_values(["task", "variant", "seed", "checkpoint"], ignore_index=True)


def stamps(results: Path) -> set[tuple[Path, int]]:
    """The States on disk and when each was written; one that vanishes while we look is not there."""
    found = set()
    for path in results.rglob("*.state"):
        with contextlib.suppress(FileNotFoundError):
            found.add((path, path.stat().st_mtime_ns))
    return found


def stopped_in_the_middle(words: list[str], results: Path, how: signal.Signals, alone: bool = False) -> tuple[int, str]:
    """Start the run, wait until a State is saved, signal the whole group, or its first process `alone`; the exit status and
    what it said."""
    before = stamps(results)
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a test run started in the background ignores SIGINT, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not stamps(results) - before:
        time.sleep(0.02)
    assert process.poll() is None, "the run ended before a State was saved: nothing was interrupted"
    (os.kill if alone else os.killpg)(process.pid, how)
    _, said = process.communicate(timeout=60)
    assert gone(process.pid)
    return process.returncode, said


def test_kill_at_any_moment_and_run_again_gives_the_same_numbers(tmp_path: Path) -> None:
    """SIGKILL of all processes just after a State was written, twice; then the same command to its end."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(whole), cwd=ROOT, check=True, capture_output=True)
    for _ in range(2):
        assert stopped_in_the_middle(command(broken), broken, signal.SIGKILL)[0] == -signal.SIGKILL
    done = subprocess.run(command(broken), cwd=ROOT, check=True, capture_output=True, text=True)
    pd.testing.assert_frame_equal(rows(whole), rows(broken), check_exact=True)
    assert not list(broken.rglob("*.state"))
    assert done.stdout.strip().endswith("report.md")
    again = subprocess.run(command(broken), cwd=ROOT, check=True, capture_output=True, text=True)
    assert "0 cells, 0 environment steps" in again.stderr  # running twice trains nothing twice


def gone(group: int) -> bool:
    """Whether a process group empties within five seconds."""
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_ctrl_c_ends_with_130_and_leaves_no_process(tmp_path: Path) -> None:
    status, said = stopped_in_the_middle(command(tmp_path), tmp_path, signal.SIGINT)
    assert status == 130
    assert "interrupted" in said
    assert "Traceback" not in said


def test_a_failing_cell_is_status_1_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "broken_task.py").write_text(
        "from dataclasses import dataclass, replace\n"
        "from envs import TASKS\n"
        "from envs.text.bandit import Bandit\n"
        "@dataclass(frozen=True)\n"
        "class Broken(Bandit):\n"
        "    def respond(self, rows, t, outcome):\n"
        "        raise RuntimeError('the dice fell off the table')\n"
        "TASK = replace(TASKS['bandit/small'], name='broken', factory=Broken())\n"
    )
    words = ["run", "smoke", "--tasks", "broken_task:TASK,bandit/small", "--variants", "gae", "--seeds", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words, "--env-steps", "2000", "--results", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the dice fell off the table" in done.stderr
    report = Path(done.stdout.strip()).read_text()
    assert "the dice fell off the table" in report
    assert "bandit/small" in report

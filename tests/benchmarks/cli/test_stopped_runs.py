"""Runs that are stopped and go on: by Ctrl-C, by a kill, and with a cell that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.cli.main import main
from tests.benchmarks.cli.stopped import ROOT, stopped_in_the_middle
from tests.benchmarks.small_cells import run_without_report, stored_rows

FLAGS: dict[str, Any] = {
    "tasks": "lock/small,CartPole-v1", "variants": "reward_to_go,gae,random", "seeds": 3, "env_steps": 36_000,
    "figures": "svg",
}  # fmt: skip


def words(results: Path) -> list[str]:
    """The command, as it is typed."""
    flags = [word for name, value in FLAGS.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    return ["run", "smoke", *flags, "--results", str(results)]


def rows(results: Path) -> pd.DataFrame:
    frame = stored_rows(results / "smoke").drop(columns="wall_s")
    return frame.sort_values(["task", "variant", "seed", "checkpoint"], ignore_index=True)


def test_a_run_stopped_at_any_moment_and_run_again_gives_the_same_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C just after a State was written, SIGKILL of all processes after another; then the same command to its end."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    command = [sys.executable, "-m", "benchmarks", *words(broken)]
    status, said = stopped_in_the_middle(command, broken, signal.SIGINT)
    assert status == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert stopped_in_the_middle(command, broken, signal.SIGKILL)[0] == -signal.SIGKILL
    assert list(broken.rglob("*.state"))
    assert main(words(broken)) == 0
    assert capsys.readouterr().out.strip().endswith("report.md")
    assert not list(broken.rglob("*.state"))
    run_without_report("smoke", whole, **FLAGS)
    pd.testing.assert_frame_equal(rows(whole), rows(broken), check_exact=True)
    capsys.readouterr()
    run_without_report("smoke", broken, **FLAGS)
    assert "0 cells to run" in capsys.readouterr().err  # running twice trains nothing twice


def test_a_failing_cell_is_status_1_and_the_others_go_on(tmp_path: Path) -> None:
    """Workers are new processes here, which find the user's module as the command did."""
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
    named = ["run", "smoke", "--tasks", "broken_task:TASK,bandit/small", "--variants", "gae", "--seeds", "2"]
    named += ["--jobs", "1", "--env-steps", "2000", "--figures", "svg"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *named, "--results", str(tmp_path)],
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

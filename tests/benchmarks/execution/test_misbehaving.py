"""Environments that end their process: from the command line, each is a named failure of its own cell and status 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cli.main import main
from tests.benchmarks.small_cells import stored_rows

MODULE = """
import os, signal, sys
from dataclasses import dataclass, replace
from pathlib import Path
from envs import TASKS
from envs.text.bandit import Bandit

@dataclass(frozen=True)
class Misbehaving(Bandit):
    how: str = ""

    def respond(self, rows, t, outcome):
        if self.how == "exits":
            sys.exit(0)
        if self.how == "interrupts":
            raise KeyboardInterrupt
        if self.how == "leaves":
            os._exit(0)
        mark = Path(os.environ["MARKS"]) / self.how
        if self.how.startswith("killed") and not (self.how == "killed_once" and mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().respond(rows, t, outcome)

def task(how):
    return replace(TASKS["bandit/small"], name=how, factory=Misbehaving(how=how))

EXITS, INTERRUPTS, LEAVES, KILLED, KILLED_ONCE = map(task, ("exits", "interrupts", "leaves", "killed", "killed_once"))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for results that modules can be imported from, by workers too."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MARKS", str(tmp_path))
    (tmp_path / "misbehaving.py").write_text(MODULE)
    (tmp_path / "leaves_at_once.py").write_text("import sys\nsys.exit(0)\n")
    return tmp_path


def run(folder: Path, *tasks: str) -> int:
    named = ",".join(t if "/" in t else f"misbehaving:{t}" for t in tasks)
    words = ["run", "smoke", "--tasks", named, "--variants", "gae", "--seeds", "2", "--env-steps", "2000"]
    return main([*words, "--jobs", "1", "--results", str(folder)])


def test_what_an_environment_raises_fails_its_cell_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """sys.exit(0) and KeyboardInterrupt, beside a task that is fine; all in one worker."""
    assert run(folder, "EXITS", "INTERRUPTS", "bandit/small") == 1
    out, err = capsys.readouterr()
    report = Path(out.strip()).read_text()
    assert "warning: exits fails in its first steps: SystemExit" in err
    for words in ("SystemExit: the code of the task or variant called sys.exit(0)", "KeyboardInterrupt"):
        assert words in err
        assert words in report
    frame = stored_rows(folder / "smoke")
    assert set(frame["task"]) == {"bandit/small"}


@pytest.mark.slow
def test_a_killed_worker_costs_its_own_cell_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is killed whenever it runs, one leaves by os._exit(0), one is killed once; two are fine."""
    monkeypatch.setattr(
        "benchmarks.cli.kinds.comparison.rehearse", lambda *_, **__: None
    )  # it would be killed there, once
    assert run(folder, "KILLED", "LEAVES", "KILLED_ONCE", "bandit/small", "bandit/medium") == 1
    said = capsys.readouterr().err
    twice = "its worker died twice, the second time alone: the same as before,"
    assert f"failed killed x gae: {twice} was killed (SIGKILL, perhaps for memory)" in said
    assert f"failed leaves x gae: {twice} ended by itself with exit code 0" in said
    assert "killed_once x gae: its worker was killed (SIGKILL, perhaps for memory); it will be retried" in said
    frame = stored_rows(folder / "smoke")
    assert set(frame["task"]) == {"killed_once", "bandit/small", "bandit/medium"}


@pytest.mark.parametrize(
    ("task", "status", "said"),
    [
        (
            "misbehaving:EXITS",
            1,
            "failed: exits fails in its first steps: SystemExit: the code of the task or variant called sys.exit(0)",
        ),
        ("leaves_at_once:TASK", 2, "error: 'leaves_at_once:TASK' cannot be imported: SystemExit: 0"),
    ],
)
def test_sys_exit_in_this_process_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], task: str, status: int, said: str
) -> None:
    """Of an environment that is stepped here, a failure; of a module that is imported here, bad usage."""
    words = ["train", "--task", task, "--variant", "gae", "--seeds", "1", "--env-steps", "500"]
    assert main([*words, "--results", str(folder)]) == status
    assert said in capsys.readouterr().err


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    assert "Train a variant on a task" in capsys.readouterr().out

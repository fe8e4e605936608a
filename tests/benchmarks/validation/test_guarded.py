"""An environment that ends its process, or raises what nobody expects, before its cells go to workers."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from benchmarks.validation.isolation import ChildFailed, run_in_child
from benchmarks.validation.usage import describe_error, printable
from envs.files.writing import NotWritten, replace_file

MODULE = """
import os
import gymnasium
import numpy as np

class Rude(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)
    def __init__(self, when):
        self.when = when
        if when == "made":
            os._exit(0)
    def reset(self, seed=None, options=None):
        return np.zeros(2, np.float32), {}
    def step(self, action):
        if self.when == "played":
            os._exit(0)
        if self.when == "says":
            raise RuntimeError("bad \\udc80 \\x00 \\x1b[31m")
        paid = {"text": "1.0", "huge": 1e300}.get(self.when, 1.0)
        ended = {"flag": "False", "none": None}.get(self.when, True)
        seen = np.full(2, 1e300) if self.when == "far" else np.zeros(2, np.float32)
        return seen, paid, ended, False, {}

for when in ("made", "played", "says", "text", "huge", "flag", "none", "far"):
    gymnasium.register(f"Rude/{when}-v0", Rude, max_episode_steps=3, kwargs={"when": when})
"""


class Odd(BaseException):
    """No Exception."""


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: os._exit(0), "its process ended by itself with exit code 0"),
        (lambda: os.kill(os.getpid(), 9), "its process was killed (SIGKILL, perhaps for memory)"),
        (raising(Odd("odd")), "Odd: odd"),
        (raising(KeyboardInterrupt()), "KeyboardInterrupt"),
        (raising(SystemExit(3)), "sys.exit(3)"),
        (raising(Mute()), "Mute: (without words)"),
    ],
)
def test_a_child_that_dies_or_raises_is_named(work: Callable[[], None], said: str) -> None:
    with pytest.raises(ChildFailed, match=said.replace("(", r"\(").replace(")", r"\)")):
        run_in_child(work)


def test_the_value_comes_back() -> None:
    here = os.getpid()
    assert run_in_child(lambda: (1, os.getpid() != here)) == (1, sys.platform == "linux")


def test_foreign_words_can_be_written() -> None:
    assert printable("a\tb\nc") == "a\tb\nc"
    assert printable("bad \udc80 \x00 \x1b[31m") == "bad \\udc80 \\x00 \\x1b[31m"
    assert describe_error(RuntimeError("\x07")).startswith("RuntimeError: \\x07")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rude_envs.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def train(folder: Path, when: str) -> int:
    words = ["train", "--task", f"gymnasium:rude_envs:Rude/{when}-v0", "--variant", "reinforce", "--seeds", "1"]
    return main([*words, "--env-steps", "40", "--floor", "0", "--results", str(folder / "results")])


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("made", "fails when it is made: its process ended by itself with exit code 0"),
        ("says", "bad \\udc80 \\x00 \\x1b[31m"),
        ("text", "paid '1.0', which is no number"),
        ("huge", "paid 1e+300, which float32 cannot hold"),
        ("far", "observed 1e+300, which float32 cannot hold"),
        ("flag", "gave terminated as 'False', which is neither True nor False"),
        ("none", "gave terminated as None, which is neither True nor False"),
    ],
)
def test_what_an_environment_does_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], when: str, said: str
) -> None:
    assert train(folder, when) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["run", "smoke", "--variants", "gae"], ["tune", "--variant", "gae", "--trials", "2"]]
)
def test_an_environment_that_fails_at_once_is_named_before_its_floor_is_measured(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    rude = ["gymnasium:rude_envs:Rude/played-v0", "gymnasium:rude_envs:Rude/says-v0"]
    words = ["--tasks", ",".join(rude), "--env-steps", "40", "--jobs", "1", "--results", str(folder / "results")]
    if command[0] == "tune":
        rude, words[1] = rude[:1], rude[0]  # returns of two tasks are not averaged
    assert main([*command, *words]) == 1
    said = capsys.readouterr().err
    assert f"failed: {rude[0]} fails in its first steps: its process ended by itself with exit code 0" in said
    assert all(f"{name} fails in its first steps: " in said for name in rude)
    assert "measuring" not in said
    assert not list(folder.rglob("cells/*"))
    assert not list(folder.rglob("floors/*"))


def test_a_floor_that_cannot_be_measured_ends_no_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that fails later. Its cell goes to a worker, dies there twice, and is named; status 1."""
    monkeypatch.setattr("benchmarks.cli.kinds.comparison.rehearse", lambda *_, **__: None)
    words = ["--tasks", "gymnasium:rude_envs:Rude/played-v0", "--variants", "reinforce", "--seeds", "1"]
    assert main(["run", "smoke", *words, "--env-steps", "40", "--jobs", "1", "--results", str(folder / "results")]) == 1
    said = capsys.readouterr().err
    assert "the floor of gymnasium:rude_envs:Rude/played-v0 cannot be measured (its process ended by itself" in said
    assert "its worker died twice" in said


def test_a_child_that_does_not_answer_is_said_and_ended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.validation.isolation.PATIENCE_S", 0.05)
    assert run_in_child(lambda: time.sleep(0.5) or 7, "still waiting") == 7
    assert capsys.readouterr().err == "still waiting\n"
    with pytest.raises(ChildFailed, match=r"no answer for 0.2 seconds \(--cell-timeout\)"):
        run_in_child(lambda: time.sleep(600), timeout=0.2)


def test_an_error_names_the_users_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's innermost line, where an installed package raised the error below it."""
    (tmp_path / "reshapes.py").write_text("import numpy as np\n\ndef broken():\n    return np.zeros(2).reshape(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    reshapes = importlib.import_module("reshapes")
    with pytest.raises(ValueError, match="into shape") as raised:
        reshapes.broken()
    assert describe_error(raised.value).splitlines()[0].endswith("into shape (3,) (reshapes.py, line 4)")


def test_a_thread_of_the_environment_does_not_keep_the_process() -> None:
    code = (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "from benchmarks.__main__ import leave\n"
        "leave(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "a thread of the environment still runs" in done.stderr


@pytest.mark.parametrize("value", ["1e999", "inf"])
def test_a_rate_is_finite(tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str) -> None:
    words = ["train", "--task", "bandit/small", "--variant", "gae", "--results", str(tmp_path)]
    assert main([*words, "--set", f"training.learning_rate={value}"]) == 2
    assert "learning_rate" in capsys.readouterr().err


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten) as raised:
        replace_file(tmp_path / "file/below", lambda part: part.write_text("x"))
    assert describe_error(raised.value) == f"{tmp_path}/file/below could not be written: File exists"

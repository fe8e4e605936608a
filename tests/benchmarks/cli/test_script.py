"""`pg-ladder` and `python -m benchmarks` in a folder that holds packages of our names, and modules of the user's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.validation.program import SCRIPT

ROOT = Path(__file__).resolve().parents[3]
MINE = """
from dataclasses import replace

from algorithms import VARIANTS

VARIANT = replace(VARIANTS["gae"], name="mine")
"""
OWN_CLASS = """
import multiprocessing
import pathlib
import sys
from dataclasses import dataclass

if multiprocessing.parent_process() is not None:  # a worker, which imports the class of its job from here
    pathlib.Path("seen.txt").write_text(f"torch {'torch' in sys.modules} {sys.modules['benchmarks'].__file__}")

from algorithms.estimators.baseline import Zero
from algorithms.variants import reward_to_go


@dataclass(frozen=True)
class Mine(Zero):
    pass


VARIANT = reward_to_go.VARIANT.rung("mine", "nothing", baseline=Mine())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder: `envs`, `algorithms` and `benchmarks` of her own, which say so, and a variant."""
    for name in ("envs", "algorithms", "benchmarks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('raise SystemExit("the wrong package")\n')
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the installed script does; `sys.path` begins with the folder of scripts, as there."""
    code = f"import sys; sys.path[0] = '/no/such/bin'; sys.path.append({str(ROOT)!r}); "
    code += f"sys.argv = ['pg-ladder', *{words!r}]; "
    code += "from benchmarks.__main__ import script; script()"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_entry_point_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {SCRIPT: "benchmarks.__main__:script"}


def test_help_and_mistakes_show_commands_that_can_be_typed_here(folder: Path) -> None:
    assert typed(folder, "--help").stdout.startswith("usage: pg-ladder COMMAND [--help]\n")
    wrong = typed(folder, "rnu")
    assert wrong.returncode == 2
    assert wrong.stderr.endswith("; all: pg-ladder --help\n")
    assert "nearest: run" in wrong.stderr


def test_a_reader_who_leaves_ends_the_command_without_a_word() -> None:
    """`list | head -1`: the output is larger than the pipe, so that the command is writing when the reader goes."""
    command = [sys.executable, "-u", "-m", "benchmarks", "list"]
    pipes = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "pipesize": 4096,
    }  # one page: less than what is listed
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "tasks:\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


def test_packages_of_the_users_do_not_take_the_place_of_ours(folder: Path) -> None:
    done = typed(
        folder, "run", "ladder", "--tasks", "bandit/small", "--variants", "mine:VARIANT", "--seeds", "1", "--dry-run"
    )
    assert done.stdout == "bandit/small x mine: 1 members x 100,000 steps\n"
    assert done.returncode == 0


def as_module(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m benchmarks` there; a folder `benchmarks` of hers would be that module, so it goes."""
    shutil.rmtree(folder / "benchmarks")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def in_a_script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A script of the user's that lies elsewhere, so that the current folder is not on its path: `run` from Python."""
    (folder / "code").mkdir()
    (folder / "mine.py").rename(folder / "code" / "mine.py")
    script = folder / "code" / "script.py"
    call = 'run("bandit/small", "mine:VARIANT", name="ladder", seeds=1, env_steps=200)'
    script.write_text(f"from benchmarks import run\n{call}\nprint('results/ladder/report.md')\n")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"} | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True)


TINY = ["run", "ladder", "--tasks", "bandit/small", "--variants", "mine:VARIANT", "--seeds", "1", "--env-steps", "200",
        "--figures", "svg"]  # fmt: skip


def test_the_module_takes_ours_too(folder: Path) -> None:
    done = as_module(folder, *TINY, "--dry-run")
    assert done.stdout == "bandit/small x mine: 1 members x 200 steps\n", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("way", [typed, as_module, in_a_script])
def test_workers_take_ours_too(folder: Path, way: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = way(folder, *TINY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("results/ladder/report.md")


@pytest.mark.slow
@pytest.mark.parametrize("way", [typed, as_module, in_a_script])
def test_workers_are_born_with_torch(folder: Path, way: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Their server has imported ours. Where it finds none of ours, each worker imports torch itself, for two seconds."""
    (folder / "mine.py").write_text(OWN_CLASS)
    assert way(folder, *TINY).returncode == 0
    assert (folder / "seen.txt").read_text() == f"torch True {ROOT / 'benchmarks' / '__init__.py'}"

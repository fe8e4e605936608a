"""Sessions: lint, types, tests by default; bench, smoke, report, docs, tune, speed, slow on request; one environment.

`nox -s bench -- --seeds 20` forwards what follows `--`. The environment is built once, with pip and constraints.txt, and
reused as long as pyproject.toml, constraints.txt and TORCH_INDEX_URL stay as they are.

TORCH_INDEX_URL in the environment is the package index that torch alone is installed from. Without it pip takes torch from
its own index, which on Linux may offer a build with several gigabytes of CUDA libraries.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
ROOT = Path(__file__).parent
HOME = ROOT / ".nox" / "pg-ladder"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

# groups of tests stay in one process; one that crashes ends the run by name, for groups would then wait for it for ever
PYTEST = ("pytest", "-n", "2", "--dist", "loadgroup", "--max-worker-restart", "0")


def wanted(index: str | None) -> str:
    """What the environment depends on, as one hash: the two files, and the index of torch if there is one."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"".join([*parts, (index or "").encode()])).hexdigest()


def install_commands(python: Path, index: str | None) -> list[list[str]]:
    """What builds the environment, in order: torch first and by itself where it has an index of its own."""
    pip = [str(python), "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check"]
    pip += ["--constraint", "constraints.txt"]
    commands = [[sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(HOME)]]
    if index:
        pins = (ROOT / "constraints.txt").read_text().split()
        commands.append([*pip, "--index-url", index, *(pin for pin in pins if pin.startswith("torch=="))])
    # editable, so that the environment never holds a second copy of the code
    return [*commands, [*pip, "--editable", ".[dev]"]]


def environment(session: nox.Session) -> Path:
    """The shared environment's python, installed if what it depends on has changed."""
    python = HOME / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    mark, index = HOME / "installed", os.environ.get("TORCH_INDEX_URL")
    if mark.exists() and mark.read_text() == wanted(index):
        return python
    session.log(f"building the environment in {HOME.relative_to(ROOT)} (once)")
    for command in install_commands(python, index):
        subprocess.run(command, cwd=ROOT, check=True)
    mark.write_text(wanted(index))
    return python


def run(session: nox.Session, *words: str) -> None:
    """`python -m words...` in the shared environment."""
    session.run(str(environment(session)), "-m", *words, external=True, env=ONE_THREAD)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """ruff: rules and format."""
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """mypy --strict."""
    run(session, "mypy")


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Everything but the tests marked slow, two at a time; those on Ray in one process, with one cluster."""
    run(session, *PYTEST, *session.posargs)


@nox.session(venv_backend="none")
def slow(session: nox.Session) -> None:
    """The few long tests: whole learning runs against published scores."""
    run(session, *PYTEST, "-m", "slow", *session.posargs)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """The ladder, and its report. `-- NAME` runs another experiment."""
    words = list(session.posargs)
    name = words.pop(0) if words and not words[0].startswith("-") else "ladder"
    run(session, "benchmarks", "run", name, *words)


@nox.session(venv_backend="none")
def smoke(session: nox.Session) -> None:
    """The same at its smallest."""
    run(session, "benchmarks", "run", "smoke", *session.posargs)


@nox.session(venv_backend="none")
def report(session: nox.Session) -> None:
    """The report of what is on disk."""
    run(session, "benchmarks", "report", *(session.posargs or ["ladder"]))


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """What is generated in README.md and docs/ (after `report`), and the site of both in docs/_build/html."""
    run(session, "docs._scripts")
    run(session, "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", "docs/_build/html")


@nox.session(venv_backend="none")
def tune(session: nox.Session) -> None:
    """Optuna studies."""
    run(session, "benchmarks", "tune", *session.posargs)


@nox.session(venv_backend="none")
def speed(session: nox.Session) -> None:
    """Our speed and that of the installed libraries of others, on this machine."""
    run(session, "benchmarks", "speed", *session.posargs)

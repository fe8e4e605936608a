"""Sessions: lint, types, tests by default; bench, smoke, report, tune, speed, slow on request. One environment for all.

`nox -s bench -- --seeds 20` forwards what follows `--`. The environment is built once, with pip and constraints.txt (uv
would resolve a torch with gigabytes of CUDA), and reused as long as pyproject.toml and constraints.txt stay as they are.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
ROOT = Path(__file__).parent
HOME = ROOT / ".nox" / "pg-ladder"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def environment(session: nox.Session) -> Path:
    """The shared environment's python, installed if what it depends on has changed."""
    python = HOME / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    mark = HOME / "installed"
    wanted = hashlib.sha256(
        b"".join((ROOT / f).read_bytes() for f in ("pyproject.toml", "constraints.txt"))
    ).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return python
    session.log(f"building the environment in {HOME.relative_to(ROOT)} (once)")
    subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(HOME)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check"]
    # editable, so that the environment never holds a second copy of the code
    subprocess.run([*pip, "--constraint", "constraints.txt", "--editable", ".[dev]"], cwd=ROOT, check=True)
    mark.write_text(wanted)
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
    """Everything but the tests marked slow, two at a time."""
    run(session, "pytest", "-n", "2", *session.posargs)


@nox.session(venv_backend="none")
def slow(session: nox.Session) -> None:
    """The few long tests: whole learning runs against published scores."""
    run(session, "pytest", "-n", "2", "-m", "slow", *session.posargs)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """The ladder, and its report: about ten minutes on two cores. `-- NAME` runs another experiment."""
    words = list(session.posargs)
    name = words.pop(0) if words and not words[0].startswith("-") else "ladder"
    run(session, "benchmarks", "run", name, *words)


@nox.session(venv_backend="none")
def smoke(session: nox.Session) -> None:
    """The same at its smallest: two minutes."""
    run(session, "benchmarks", "run", "smoke", *session.posargs)


@nox.session(venv_backend="none")
def report(session: nox.Session) -> None:
    """The report of what is on disk."""
    run(session, "benchmarks", "report", *(session.posargs or ["ladder"]))


@nox.session(venv_backend="none")
def tune(session: nox.Session) -> None:
    """Optuna studies."""
    run(session, "benchmarks", "tune", *session.posargs)


@nox.session(venv_backend="none")
def speed(session: nox.Session) -> None:
    """Ours against the installed peers, on this machine."""
    run(session, "benchmarks", "speed", *session.posargs)

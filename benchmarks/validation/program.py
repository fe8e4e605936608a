"""How this process was started, and how others are that need our packages; messages show commands that can be typed here."""

from __future__ import annotations

import os
import shlex
import site
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OURS = str(Path(__file__).resolve().parents[2])  # the folder of our packages
MODULE, SCRIPT = "python -m benchmarks", "pg-ladder"  # the two ways to give a command


def program() -> str:
    """What stands before the command."""
    return SCRIPT if Path(sys.argv[0]).stem == SCRIPT else MODULE


def as_typed(text: str) -> str:
    """A text with commands of `python -m benchmarks`, as they are typed where this process was started."""
    return text.replace(MODULE, program())


def run_line(experiment: str, folder: Path) -> str:
    """The command that makes an experiment's results in this folder, as results/ladder or results/ladder-smoke."""
    words = [experiment, *(["--smoke"] if folder.name.endswith("-smoke") else [])]
    words += [] if folder.parent == Path("results") else ["--results", str(folder.parent)]
    return f"{program()} run {shlex.join(words)}"


def path_variables() -> dict[str, str]:
    """The environment in which a new Python finds our packages, whatever packages of their names the current folder has.

    PYTHONSAFEPATH keeps Python from putting the current folder first.
    """
    if OURS in site.getsitepackages():
        return {"PYTHONSAFEPATH": "1"}
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, [OURS, os.environ.get("PYTHONPATH")]))}


@contextmanager
def ours_found() -> Iterator[None]:
    """A Python that is started here finds our packages, also where the current folder has others of their names.

    The server of workers, for one, imports ours before it is sent the path of this process.
    """
    variables = path_variables()
    before = {name: os.environ.pop(name, None) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})

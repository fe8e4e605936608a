"""What a command takes in a new process: processor seconds, and the largest memory that was resident.

A process that is forked begins with its parent's largest memory, so these are started anew.

`python -m tests.benchmarks.scale.measured WHAT ARGUMENTS` prints it as JSON, in the last line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cli import main as cli
from benchmarks.execution import runner
from benchmarks.store.many.footers import _read_before
from benchmarks.store.sources import stored_cells


def measured(module: str, *words: str) -> dict[str, float]:
    """What a module of this folder prints last, in a process of its own."""
    called = [sys.executable, "-m", f"{__name__.rpartition('.')[0]}.{module}", *words]
    done = subprocess.run(called, check=True, capture_output=True, text=True)
    value: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return value


def memory_mib(name: str) -> float:
    """Of this process: VmRSS, which is resident now, or VmHWM, the most that was."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1024


@contextmanager
def timed(found: dict[str, float], name: str) -> Iterator[None]:
    """Add the processor seconds of what is done within."""
    before = time.process_time()
    yield
    found[name] = time.process_time() - before


def command(*words: str) -> dict[str, float]:
    """A command of the suite, with its imports."""
    status = cli.main(list(words))
    return {"status": float(status), "seconds": time.process_time()}


@dataclass(frozen=True)
class NamedCell:
    """What `pending` needs of a cell."""

    file_name: str


def pending(folder: str) -> dict[str, float]:
    """Looking for the results of all cells of a folder; how many have none, and how many footers were read."""
    found: dict[str, float] = {}
    with timed(found, "seconds"):
        cells = [NamedCell(path.name) for path in stored_cells(Path(folder))]
        left = runner.pending(cells, Path(folder))
    return {**found, "cells": len(cells), "pending": len(left), "read": _read_before.cache_info().misses}


if __name__ == "__main__":
    used = {"command": command, "pending": pending}[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({**used, "peak_mib": memory_mib("VmHWM")}))

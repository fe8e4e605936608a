"""What a run costs besides training: processor seconds of commands, and the memory of a worker."""

from __future__ import annotations

import importlib
import multiprocessing
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.execution.engines.worker import work
from benchmarks.execution.jobs import CellJob
from benchmarks.speed.cells import SpeedCell

# Windows does not count what processes use
resource: Any = importlib.import_module("resource") if sys.platform != "win32" else None
PER_MIB = 1024 if sys.platform != "darwin" else 1024**2  # of the unit of ru_maxrss


def cpu_seconds(*words: str) -> float | None:
    """Processor seconds of `python -m benchmarks words`; None where the system does not count them."""
    if resource is None:
        return None
    before = _children_seconds()
    subprocess.run([sys.executable, "-m", "benchmarks", *words], check=True, capture_output=True)
    return _children_seconds() - before


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def worker_memory(cell: SpeedCell) -> float | None:
    """The largest resident memory in MiB of a new worker that does the cell; None where the system does not say."""
    if resource is None:
        return None
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_do_and_say, args=(theirs, cell))
    process.start()
    largest: float = ours.recv()
    process.join()
    return largest


def _do_and_say(pipe: Connection, cell: SpeedCell) -> None:
    with tempfile.TemporaryDirectory() as folder:
        message = work(0, CellJob(cell.cell, Path(folder) / "cell.parquet"), {}, lambda message: None)
    if message.error:
        raise RuntimeError(message.error)
    pipe.send(_peak_mib())


def _peak_mib() -> float:
    """The most memory that this process has had resident; on Linux ru_maxrss begins at that of who forked it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MIB)

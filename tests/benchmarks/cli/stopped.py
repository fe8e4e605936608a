"""Commands that are stopped while they run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


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
        time.sleep(0.005)
    assert process.poll() is None, "the run ended before a State was saved: nothing was interrupted"
    (os.kill if alone else os.killpg)(process.pid, how)
    _, said = process.communicate(timeout=60)
    assert gone(process.pid)
    return process.returncode, said


def gone(group: int) -> bool:
    """Whether a process group empties within five seconds."""
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False

"""Names of files that are being written, and the removal of those that a killed process left behind.

.<name>.<machine>.<process>.<token>.part     in the folder where the file will be
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import socket
import time
from functools import cache
from pathlib import Path

STALE_S = 24 * 3600.0  # no file takes that long to write; older ones were left behind by some process
NAME_BYTES = 255  # the longest file name of the usual file systems
_PART = re.compile(r"\..+\.(?P<machine>[\w-]+)\.(?P<process>\d+)\.[0-9a-f]{8}\.part")
_EARLIER_PART = re.compile(r"\..+?(\.\d+)?\.part")  # as they were named before they had a machine


def part_path(path: Path) -> Path:
    """A name in the same folder that no other process, thread or machine uses."""
    own = f".{machine()}.{os.getpid()}.{secrets.token_hex(4)}.part"
    room = NAME_BYTES - len(own) - 1
    return path.with_name(f".{path.name.encode()[:room].decode(errors='ignore')}{own}")


@cache
def machine() -> str:
    """Where a process id means something: this host, and its namespace of process ids (a container has its own)."""
    host = re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname())[:32] or "host"
    try:
        return f"{host}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return host


def left_behind(path: Path, on: str, process: int) -> bool:
    """Whether the process that wrote this file is dead; what other machines wrote is judged by its age alone."""
    if on == machine() and not _alive(process):
        return True
    return time.time() - path.stat().st_mtime > STALE_S


def _alive(process: int) -> bool:
    if os.name != "posix":  # there, asking a process whether it lives would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def remove_partial_files(folder: Path) -> int:
    """Remove the unfinished files and folders under `folder` whose writers have died; returns how many."""
    removed = 0
    for path in list(folder.rglob(".*.part")):
        match = _PART.fullmatch(path.name)
        if match is None and not _EARLIER_PART.fullmatch(path.name):
            continue
        on, process = (match["machine"], int(match["process"])) if match else ("", 0)
        with contextlib.suppress(OSError):  # another run may sweep too, or have finished the file
            if left_behind(path, on, process):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed += 1
    return removed

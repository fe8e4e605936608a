"""Processes by name: the machine, the process id, and when it started; whether one of this machine is alive."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Process:
    """A process on some machine."""

    host: str
    space: str  # of process ids: a container may share its host's name and see none of its processes
    pid: int
    started: str  # which of all processes that had this pid; "" where that cannot be known

    @classmethod
    def here(cls) -> Self:
        """This process."""
        try:
            space = str(Path("/proc/self/ns/pid").readlink())
        except OSError:
            space = ""
        return cls(socket.gethostname(), space, os.getpid(), process_start(os.getpid()))

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self | None:
        """The process that a file or a storage holds; None where the values are of other types."""
        try:
            host, space, pid, started = (stored[name] for name in ("host", "space", "pid", "started"))
        except KeyError:
            return None
        fits = all(isinstance(text, str) for text in (host, space, started)) and type(pid) is int and pid > 0
        return cls(host, space, pid, started) if fits else None

    def on_machine_of(self, other: Process) -> bool:
        """Whether both share a table of processes: the same boot of a kernel, whatever its name, and the same namespace."""
        if not (self.started and other.started) or self.space != other.space:
            return False
        boots = [process.started.partition(" ")[0] for process in (self, other)]
        # without /proc, `started` is a date that says nothing of the machine
        return boots[0] == boots[1] if self.space else self.host == other.host

    def dead(self, here: Process) -> bool:
        """Whether it ran on the machine of `here` and has ended. False where that cannot be seen from here."""
        return self.on_machine_of(here) and process_start(self.pid) != self.started


def process_start(pid: int) -> str:
    """A word for when the process with this pid started; "" where there is none (a zombie is none)."""
    if not Path("/proc/self/stat").exists():
        return process_start_by_ps(pid)
    try:
        after_name = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode().split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()  # field 22 counts from the boot
    except OSError:
        return ""
    return "" if after_name[0] in "ZX" else f"{boot} {after_name[22 - 3]}"


def process_start_by_ps(pid: int) -> str:
    """The same where there is no /proc (macOS); always "" where there is no ps either (Windows)."""
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return ""
    state, _, start = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else start.strip()

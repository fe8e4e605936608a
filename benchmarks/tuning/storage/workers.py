"""Processes that work on a study, and whether they are alive."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.study import Study

STEP_S = 10.0  # between two writes that follow each other; after that, the process that wrote the first is dead
HEARTBEAT_S = 30.0
GRACE_S = 600.0  # without a heartbeat for this long, a worker on another host is dead


@dataclass(frozen=True)
class Worker:
    """A process that works on a study."""

    host: str
    space: str  # of process ids: a container may share its host's name and see none of its processes
    pid: int
    started: str  # which of all processes that had this pid; "" where that cannot be known

    @staticmethod
    def here() -> Worker:
        """This process."""
        try:
            space = str(Path("/proc/self/ns/pid").readlink())
        except OSError:
            space = ""
        return Worker(socket.gethostname(), space, os.getpid(), process_start(os.getpid()))

    @property
    def key(self) -> str:
        """The user attribute of the study that says when it was last heard of."""
        return f"beat {self.host} {self.pid} {self.started}"

    def alive(self, here: Worker, attributes: Mapping[str, Any]) -> bool:
        """As `here` can tell: of its own machine exactly, of others by the heartbeats among the study's attributes."""
        if self.started and (self.host, self.space) == (here.host, here.space):
            return process_start(self.pid) == self.started
        return time.time() - attributes.get(self.key, 0.0) < GRACE_S


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


def heartbeat(study: Study, worker: Worker) -> None:
    """Tell other hosts that the worker lives. It writes at most every HEARTBEAT_S."""
    now = time.time()
    if abs(now - study.user_attrs.get(worker.key, 0.0)) >= HEARTBEAT_S:
        study.set_user_attr(worker.key, now)

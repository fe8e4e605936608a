"""A folder that processes share: other processes by name, a clock that tests move, and a file system with NFS's troubles."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.sharing.claim_files import ClaimFiles, Contents
from benchmarks.sharing.claims import Claims
from benchmarks.sharing.observer import Observer
from benchmarks.sharing.processes import Process

HERE = Process.here()
DEAD = replace(HERE, started=HERE.started + "0")  # an earlier process that had our pid


def elsewhere(number: int = 1) -> Process:
    """A process on another machine."""
    return Process(f"node-{number}", HERE.space, 100 + number, f"another-boot-{number} 77")


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def claims_of(process: Process, clock: Clock | None = None, files: ClaimFiles | None = None) -> Claims:
    """The claims of a process, whose results are the files that are there."""
    return Claims(
        lambda path: path.exists(),
        "run x",
        here=process,
        observer=Observer(clock or Clock()),
        files=files or ClaimFiles(),
    )


@dataclass
class Server:
    """Files as a server has them."""

    files: dict[Path, Contents] = field(default_factory=dict)
    changes: int = 0  # stands for the server's clock and for numbers of files


@dataclass
class CachingClient(ClaimFiles):
    """A machine's view of a server: what it has looked up, also that a file is not there, it believes for `ttl` seconds.

    Making, changing and removing a file goes to the server at once, and makes the client look anew at that name.
    opens    whether reading asks the server, as NFS's close-to-open rule has it; without it even contents are old
    """

    server: Server
    clock: Callable[[], float]
    ttl: float = 60.0
    opens: bool = False
    seen: dict[Path, tuple[Contents | None, float]] = field(default_factory=dict)

    def create(self, path: Path, data: bytes) -> bool:
        self.seen.pop(path, None)
        exists = path in self.server.files
        if not exists:
            self._put(path, data)
        return not exists

    def read(self, path: Path) -> Contents | None:
        known, when = self.seen.get(path, (None, -1e9))
        if self.opens or self.clock() - when > self.ttl:
            known = self.server.files.get(path)
            self.seen[path] = known, self.clock()
        return known

    def overwrite(self, path: Path, offset: int, data: bytes) -> None:
        if path not in self.server.files:
            raise OSError(errno.ESTALE, "Stale file handle")
        old = self.server.files[path]
        self._put(path, old.data[:offset] + data + old.data[offset + len(data) :], old.inode)

    def replace(self, path: Path, data: bytes) -> None:
        self._put(path, data)

    def remove(self, path: Path) -> None:
        self.server.files.pop(path, None)
        self.seen.pop(path, None)

    def _put(self, path: Path, data: bytes, inode: int | None = None) -> None:
        self.server.changes += 1
        self.server.files[path] = Contents(data, inode or self.server.changes, self.server.changes)
        self.seen.pop(path, None)

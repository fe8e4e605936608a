"""Drivers that share a folder of results: each claims a job before it starts it (benchmarks.sharing.claims)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.execution.done import is_done
from benchmarks.execution.engine import Job
from benchmarks.sharing import heartbeat
from benchmarks.sharing.claim import Standing
from benchmarks.sharing.claims import Claims
from benchmarks.validation.program import program


@dataclass(frozen=True)
class SharedFolder:
    """See permission.JobClaims."""

    claims: Claims
    waits: bool

    def take(self, job: Job) -> Standing:
        return self.claims.take(job.path)

    def release(self, job: Job, error: str | None) -> None:
        self.claims.release(job.path, error or "")


@contextmanager
def shared(folder: Path, waits: bool = True) -> Iterator[SharedFolder]:
    """The claims of this process in a folder of results; at its end those that are held are given up."""
    claims = Claims(is_done, program(), warn=lambda line: print(line, file=sys.stderr))
    claims.note_failures(folder / "cells")
    with heartbeat.kept_alive(claims):
        yield SharedFolder(claims, waits)

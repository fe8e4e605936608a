"""Drivers that share a folder of results: each claims a job before it starts it (benchmarks.sharing.claims)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.execution.dispatch.permission import Answer, Start
from benchmarks.execution.done import is_done
from benchmarks.execution.engine import Job
from benchmarks.sharing import heartbeat
from benchmarks.sharing.claim import Verdict
from benchmarks.sharing.claims import Claims
from benchmarks.validation.program import program

STARTS = {
    Verdict.OURS: Start.NOW,
    Verdict.HELD: Start.LATER,
    Verdict.DONE: Start.DONE,
    Verdict.FAILED: Start.FAILED,
}


@dataclass(frozen=True)
class SharedFolder:
    """See permission.Claims."""

    claims: Claims
    waits: bool

    def may_start(self, job: Job) -> Answer:
        standing = self.claims.take(job.path)
        text = f"{standing.error} (in {standing.who})" if standing.error else standing.who
        return Answer(STARTS[standing.verdict], text)

    def release(self, job: Job, error: str | None) -> None:
        self.claims.release(job.path, error or "")


@contextmanager
def shared(folder: Path, waits: bool = True) -> Iterator[SharedFolder]:
    """The claims of this process in a folder of results; at its end those that are held are given up."""
    claims = Claims(is_done, program(), warn=lambda line: print(line, file=sys.stderr))
    claims.note_failures(folder / "cells")
    with heartbeat.kept_alive(claims):
        yield SharedFolder(claims, waits)

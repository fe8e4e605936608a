"""Who may start a job: a driver alone may start all, drivers that share a folder claim each."""

from __future__ import annotations

from typing import Protocol

from benchmarks.execution.engine import Job
from benchmarks.sharing.claim import Standing, Verdict


class JobClaims(Protocol):
    """Asked just before a job is given to the engine, and again when the job has ended here."""

    @property
    def waits(self) -> bool:
        """Whether this driver waits for jobs of others at its end."""

    def take(self, job: Job) -> Standing: ...

    def release(self, job: Job, error: str | None) -> None: ...


class Alone:
    """No other driver works in the folder."""

    waits = True

    def take(self, job: Job) -> Standing:
        return Standing(Verdict.OURS)

    def release(self, job: Job, error: str | None) -> None:
        return

"""Who may start a job: a driver alone may start all, drivers that share a folder claim each."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from benchmarks.execution.engine import Job


class Start(Enum):
    """What is to be done with a job that could start."""

    NOW = "it may start"
    LATER = "another driver has it"
    DONE = "its result is there"


class Claims(Protocol):
    """Asked just before a job is given to the engine; told when the job has ended here."""

    def may_start(self, job: Job) -> Start: ...

    def release(self, job: Job) -> None: ...


class Alone:
    """No other driver works in the folder."""

    def may_start(self, job: Job) -> Start:
        return Start.NOW

    def release(self, job: Job) -> None:
        return

"""Who may start a job: a driver alone may start all, drivers that share a folder claim each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from benchmarks.execution.engine import Job


class Start(Enum):
    """What is to be done with a job that could start."""

    NOW = "it may start"
    LATER = "another driver has it"
    DONE = "its result is there"
    FAILED = "it has failed in another driver"


@dataclass(frozen=True)
class Answer:
    """What is to be done; `text` says which driver has the job, or how it failed there."""

    start: Start
    text: str = ""


class Claims(Protocol):
    """Asked just before a job is given to the engine, and again when the job has ended here."""

    @property
    def waits(self) -> bool:
        """Whether this driver waits for jobs of others at its end."""

    def may_start(self, job: Job) -> Answer: ...

    def release(self, job: Job, error: str | None) -> None: ...


class Alone:
    """No other driver works in the folder."""

    waits = True

    def may_start(self, job: Job) -> Answer:
        return Answer(Start.NOW)

    def release(self, job: Job, error: str | None) -> None:
        return

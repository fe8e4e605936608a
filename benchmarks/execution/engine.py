"""The protocols of engines and jobs. An engine runs several jobs at once and reports their messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from algorithms.training.records import Progress, Record
from benchmarks.execution.sinks.live import LiveLogs

OnEvent = Callable[[Progress | Record], None]
Origin = Mapping[str, object]  # provenance of what is written


@dataclass(frozen=True)
class Message:
    """News of a job: its start, its progress, records of a checkpoint, or its end.

    error  of a job that ended: None where it went well      lost  how its worker ended, where the job is tried again
    """

    index: int
    progress: Progress | None = None
    records: tuple[Record, ...] = ()
    ended: bool = False
    error: str | None = None
    lost: str | None = None


class Job(Protocol):
    """Work of one process with one result file. It is sent to workers, so it can be pickled."""

    @property
    def path(self) -> Path:
        """The file of its result. A file that can be read is a job that is done."""

    @property
    def label(self) -> str: ...

    @property
    def seeds(self) -> tuple[int, ...]: ...

    @property
    def member_steps(self) -> int:
        """Environment steps of each seed; 0 where nothing is trained."""

    @property
    def expected_seconds(self) -> float:
        """About how long one process takes."""

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        """Do the work and write the result; `on_event` gets every event. Raises whatever the work raises."""

    def log(self, live: LiveLogs, message: Message) -> None:
        """Write what a message holds of learning curves to live logs."""


def total_steps(job: Job) -> int:
    """Environment steps of all seeds of a job."""
    return job.member_steps * len(job.seeds)


class Engine(Protocol):
    """Runs jobs. As a context: leaving it early stops what still runs.

    A job that fails, or whose worker dies, ends alone; the others go on.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, job: Job) -> int:
        """Queue a job, also while others run; returns the index that its messages will carry."""

    def messages(self) -> Iterator[Message]:
        """Messages as they come, until no job is left. A caller may stop the iteration and resume it later; no message
        is lost.
        """


StartEngine = Callable[[int, Origin], Engine]  # (how many jobs run at once, provenance of what they write)

"""The protocols of engines and jobs. An engine runs several jobs at once and reports their messages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
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
    node   of a lost job: its whole machine is gone, so that the job is not to blame
    note   a line that the user should see
    leaves  the process of a job that ended ends too, so that no other job may go to it
    elsewhere  of a job that ended here without a result: the driver that has it
    """

    index: int
    progress: Progress | None = None
    records: tuple[Record, ...] = ()
    ended: bool = False
    error: str | None = None
    lost: str | None = None
    node: bool = False
    note: str | None = None
    leaves: bool = False
    elsewhere: str | None = None


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

    @property
    def computes_on(self) -> str:
        """The device: "cpu", "cuda" ..."""

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        """Do the work and write the result; `on_event` gets every event. Raises whatever the work raises."""

    def log(self, live: LiveLogs, message: Message) -> None:
        """Write what a message holds of learning curves to live logs."""

    def second(self) -> Job | None:
        """The same work with a result file of its own; None where it would not find the same numbers."""

    def same_numbers(self, other: Path) -> bool:
        """Whether the results here and at `other` hold the same numbers, but for seconds. Raises Damaged."""


def total_steps(job: Job) -> int:
    """Environment steps of all seeds of a job."""
    return job.member_steps * len(job.seeds)


@dataclass(frozen=True)
class Setup:
    """What an engine is started with.

    at_once  how many jobs run at once, where the engine does not find that out by itself
    origin   the driver's provenance; workers put the facts of their own machine in their place
    folder   of the results: every worker must see it
    memory   bytes that a worker may have resident, with its children
    """

    at_once: int
    origin: Origin = field(default_factory=dict)
    folder: Path = Path()
    device: str = "cpu"
    memory: int | None = None


class Engine(Protocol):
    """Runs jobs, each once. As a context: leaving it early stops what still runs.

    A job that fails, or whose worker dies, ends alone; the others go on. Whether it is tried again is the dispatcher's
    decision (benchmarks.execution.dispatch).
    """

    @property
    def slots(self) -> int:
        """How many jobs run at once now. A cluster may grow and shrink."""

    @property
    def window(self) -> int:
        """How many jobs the engine should have now. On a cluster some wait at the nodes, so that no slot does."""

    @property
    def one_machine(self) -> bool:
        """Whether all jobs share a machine: its memory, so that one may be killed for another's use, and its speed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        """Queue a job, also while others run; returns the index that its messages will carry.

        not_on  machines that it must not go to; `elsewhere` says whether any is left
        """

    def machine(self, index: int) -> str | None:
        """The machine on which a job runs; None where it is not known, or where there is one alone."""

    def elsewhere(self, not_on: Collection[str]) -> bool:
        """Whether there are machines but for these."""

    def receive(self, wait_s: float) -> Sequence[Message]:
        """Messages that have come; where there are none, those that come within `wait_s`, perhaps none.

        The first of a job says that it begins, and is empty. The last has `ended`; where its worker died, `lost` too.
        """

    def cancel(self, index: int) -> None:
        """End a job by force. No message of it comes afterwards."""


StartEngine = Callable[[Setup], Engine]

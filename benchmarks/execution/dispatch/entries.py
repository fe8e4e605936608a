"""What the dispatcher knows of its jobs, and of their copies on the engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median

from algorithms.training.records import Record
from benchmarks.execution.engine import Job, Message, total_steps

FEW = 3  # jobs of this run that must have ended before others can be called slow


@dataclass(eq=False)
class Entry:
    """A job that has not ended, by the index that the caller knows."""

    index: int
    job: Job
    copies: list[Copy] = field(default_factory=list)  # that the engine has
    lost: list[str] = field(default_factory=list)  # how its workers ended
    nodes_lost: int = 0
    seen: set[tuple[int, int, float]] = field(default_factory=set)  # records that the caller has
    twice: bool = False  # it has had a second copy

    def forward(self, message: Message, records: tuple[Record, ...]) -> Message:
        """A copy's message as the caller sees it, with those of the records that are new."""
        new = tuple(r for r in records if _key(r) not in self.seen)
        self.seen.update(_key(r) for r in new)
        return replace(message, index=self.index, records=new)


@dataclass(eq=False)
class Copy:
    """A job on the engine; `second` where another copy of it runs already."""

    entry: Entry
    job: Job
    second: bool = False
    started_s: float | None = None
    left: float = 1.0  # the share of its work that was not done when it began
    records: list[Record] = field(default_factory=list)  # of a second copy, until it is known to be the first to finish

    def note(self, message: Message, now_s: float) -> None:
        """Note when it began, and how far a RunState had brought it by then."""
        if self.started_s is None:
            self.started_s = now_s
            steps = total_steps(self.job)
            if message.progress and steps:
                self.left = max(0.0, 1.0 - message.progress.env_steps / steps)


def _key(record: Record) -> tuple[int, int, float]:
    return record.checkpoint, record.seed, record.learning_rate


class Calibration:
    """How long this run's jobs take, as a multiple of their expected seconds: the median of those that have ended."""

    def __init__(self) -> None:
        self._ratios: list[float] = []
        self._median: float | None = None  # of all ratios; None where one has come since

    def add(self, copy: Copy, now_s: float) -> None:
        """A copy has done its work. One that had little left says little."""
        expected = copy.job.expected_seconds * copy.left
        if copy.started_s is not None and expected > 0 and copy.left > 0.5:
            self._ratios.append((now_s - copy.started_s) / expected)
            self._median = None

    def seconds(self, copy: Copy) -> float | None:
        """How long a copy should take; None where that is not known."""
        expected = copy.job.expected_seconds * copy.left
        if len(self._ratios) < FEW or expected <= 0:
            return None
        if self._median is None:
            self._median = median(self._ratios)
        return self._median * expected

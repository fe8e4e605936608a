"""What the dispatcher knows of its jobs, and of their copies on the engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from algorithms.training.records import Record
from benchmarks.execution.engine import Job, Message


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
    """A job on the engine; `second` where another copy of it runs already.

    started_s  when its first message came                heard_s  when it first said how far it is
    first      the share of its work that was done then   share    that is done by now
    saved      that its RunState holds             machine  where it runs, as far as the engine says it
    """

    entry: Entry
    job: Job
    second: bool = False
    started_s: float | None = None
    heard_s: float | None = None
    first: float = 0.0
    share: float = 0.0
    saved: float = 0.0
    machine: str | None = None
    records: list[Record] = field(default_factory=list)  # of a second copy, until it is known to be the first to finish

    def note(self, message: Message, now_s: float) -> None:
        """Note when it began, and how far it is."""
        if self.started_s is None:
            self.started_s = now_s
        progress = message.progress
        if progress is None or not progress.budget:
            return
        self.share = min(1.0, progress.env_steps / progress.budget)
        if self.heard_s is None:  # what came before was its start-up, or done by another process
            self.heard_s, self.first = now_s, self.share
        self.saved = max(self.first, progress.saved / progress.budget)

    def ran(self, now_s: float) -> float:
        """Seconds of the work that was seen: all but its first share."""
        begun = self.started_s if self.heard_s is None else self.heard_s
        return 0.0 if begun is None else now_s - begun

    def needs(self, now_s: float) -> float | None:
        """Seconds that it still needs if it goes on as it has so far; None where it has not said how far it is."""
        seen = self.share - self.first
        return (1.0 - self.share) * self.ran(now_s) / seen if seen > 0 else None


def _key(record: Record) -> tuple[int, int, float]:
    return record.checkpoint, record.seed, record.learning_rate

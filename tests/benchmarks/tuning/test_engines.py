"""Studies run on any engine: one that does its jobs in this process, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from benchmarks.execution.engine import Job, Message, Origin
from benchmarks.execution.worker import work
from benchmarks.tuning import result
from benchmarks.tuning.scheduler import run_studies
from benchmarks.tuning.storage.opening import open_storage
from tests.benchmarks.tuning.small_studies import plans, without_provenance


class InProcess:
    """The smallest engine there is."""

    def __init__(self, at_once: int, origin: Origin) -> None:
        self.origin, self.waiting, self.submitted = origin, deque[tuple[int, Job]](), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.waiting.clear()

    def submit(self, job: Job) -> int:
        self.waiting.append((self.submitted, job))
        self.submitted += 1
        return self.submitted - 1

    def messages(self) -> Iterator[Message]:
        while self.waiting:
            index, job = self.waiting.popleft()
            sent = [Message(index)]
            sent.append(work(index, job, self.origin, sent.append))
            yield from sent


def test_a_study_is_the_same_on_another_engine(studied: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tuned"
    outcome = run_studies(plans(("gae", "reinforce")), open_storage(None, folder), folder, 1, "cpu", InProcess)
    assert not outcome.failures
    first, again = (result.load_all(of / "tuned") for of in (studied, tmp_path))
    assert [without_provenance(t) for t in first] == [without_provenance(t) for t in again]

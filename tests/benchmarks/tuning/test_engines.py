"""Studies run on any engine: one that does its jobs in this process, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Self

from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.engine import Job, Message, Setup
from benchmarks.execution.engines.worker import work
from benchmarks.tuning import result
from benchmarks.tuning.scheduler import run_studies
from benchmarks.tuning.storage.opening import open_storage
from tests.benchmarks.tuning.small_studies import plans, without_provenance


class InProcess:
    """The smallest engine there is."""

    slots, window, one_machine = 1, 1, True

    def __init__(self, setup: Setup) -> None:
        self.setup, self.waiting, self.submitted = setup, deque[tuple[int, Job]](), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.waiting.clear()

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        self.waiting.append((self.submitted, job))
        self.submitted += 1
        return self.submitted - 1

    def machine(self, index: int) -> str | None:
        return None

    def elsewhere(self, not_on: Collection[str]) -> bool:
        return False

    def receive(self, wait_s: float) -> list[Message]:
        index, job = self.waiting.popleft()
        sent = [Message(index)]
        sent.append(work(index, job, self.setup.origin, sent.append))
        return sent

    def cancel(self, index: int) -> None:
        raise AssertionError


def test_a_study_is_the_same_on_another_engine(studied: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tuned"
    outcome = run_studies(
        plans(("gae", "reinforce")), open_storage(None, folder), folder, Execution(1, start_engine=InProcess)
    )
    assert not outcome.failures
    first, again = (result.load_all(of / "tuned") for of in (studied, tmp_path))
    assert [without_provenance(t) for t in first] == [without_provenance(t) for t in again]

"""Many studies at once on one pool of processes: each has its batches, the pool has no idle process between them."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from optuna.storages import BaseStorage

from benchmarks import store
from benchmarks.design.experiment import Outcome
from benchmarks.display import Display
from benchmarks.execution.engine import Message
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.pool import Pool
from benchmarks.execution.runner import cell_path, pending, sweep
from benchmarks.provenance import provenance
from benchmarks.tuning import result
from benchmarks.tuning.study import Cells, Plan, StudyInProgress

BEAT_EVERY_S, ASK_EVERY_S = 20.0, 2.0


@dataclass
class Lane:
    """A study in progress and the jobs that it waits for; without any it waits for other processes."""

    study: StudyInProgress
    cells: Cells
    jobs: set[int] = field(default_factory=set)
    error: str | None = None


class Session:
    """Use once: `run` works off the plans, as many studies at a time as there are processes."""

    def __init__(self, storage: BaseStorage, folder: Path, at_once: int, device: str) -> None:
        self.storage, self.folder, self.at_once, self.device = storage, folder, at_once, device
        self.origin = provenance(device)
        self.lanes: list[Lane] = []
        self.paths: list[Path] = []
        self.failures: list[str] = []
        self.spoke = time.monotonic()

    def run(self, plans: Sequence[Plan]) -> Outcome:
        """Work off the plans. What is interrupted goes on from its last batch when the same plans are run again."""
        sweep(self.folder)
        # a study that cannot be opened is known before anything runs
        waiting = deque(StudyInProgress(plan, self.storage, self.folder, self.origin) for plan in plans)
        with Pool(self.at_once, self.origin) as pool, Display([], 0, sum(p.env_steps for p in plans)) as display:
            self.pool, self.display = pool, display
            try:
                while waiting or self.lanes:
                    while waiting and len(self.lanes) < self.at_once:
                        study = waiting.popleft()
                        self.lanes.append(Lane(study, study.work()))
                        self._go_on(self.lanes[-1])
                    for message in pool.messages():
                        self._hear(message)
                        if waiting and len(self.lanes) < self.at_once:
                            break
                    self._ask_again()
            finally:
                for lane in self.lanes:
                    lane.cells.close()
        return Outcome(tuple(self.paths), tuple(self.failures))

    def _hear(self, message: Message) -> None:
        self.display.show(message)
        now = time.monotonic()
        if now - self.spoke > BEAT_EVERY_S:
            self.spoke = now
            for lane in self.lanes:
                lane.study.beat()
        if not message.ended:
            return
        lane = next(lane for lane in self.lanes if message.index in lane.jobs)
        lane.jobs.remove(message.index)
        lane.error = lane.error or message.error
        if not lane.jobs:
            self._go_on(lane)

    def _go_on(self, lane: Lane) -> None:
        """The lane's next cells that have no result, or its end."""
        while lane.error is None:
            try:
                cells = next(lane.cells)
            except StopIteration:
                break
            except store.Damaged as error:
                lane.error = f"damaged: {error}"
                break
            if not cells:
                return
            for cell in pending(cells, self.folder):
                job = CellJob(cell, cell_path(self.folder, cell), self.device)
                self.display.add(job)
                lane.jobs.add(self.pool.submit(job))
            if lane.jobs:
                return
        self.lanes.remove(lane)
        lane.cells.close()
        if lane.study.result is None:
            self.failures.append(f"{lane.study.plan.label}: {lane.error or lane.study.failure}")
            return
        self.paths.append(result.save(lane.study.result, self.folder))
        print(f"tuned {lane.study.progress()}", file=sys.stderr)

    def _ask_again(self) -> None:
        """Lanes without jobs wait for trials of other processes."""
        idle = [lane for lane in self.lanes if not lane.jobs]
        if idle and len(idle) == len(self.lanes):
            time.sleep(ASK_EVERY_S)
        for lane in idle:
            self._go_on(lane)

"""Many studies at once on one engine: each has its batches, and no process idles while another study has work."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from optuna.storages import BaseStorage

from benchmarks.design.experiment import Outcome
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.display.progress import Display
from benchmarks.execution.engine import Message, total_steps
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.provenance import provenance
from benchmarks.execution.runner import cell_path, pending, remove_leftovers, sort_jobs
from benchmarks.store.files import Damaged
from benchmarks.tuning import result
from benchmarks.tuning.protocol import StudyPlan
from benchmarks.tuning.stages import Cells
from benchmarks.tuning.study import StudyInProgress

HEARTBEAT_EVERY_S, POLL_EVERY_S = 20.0, 2.0


@dataclass
class ActiveStudy:
    """A study in progress and the jobs that it waits for; without any it waits for other processes."""

    study: StudyInProgress
    cells: Cells
    jobs: set[int] = field(default_factory=set)
    error: str | None = None
    env_steps: int = 0  # of its cells so far


def run_studies(
    plans: Sequence[StudyPlan],
    storage: BaseStorage,
    folder: Path,
    execution: Execution,
    after_s: float = 0.0,
) -> Outcome:
    """Work off the plans; `after_s` as in `Display`.

    What is interrupted goes on from its last batch when the same plans are run again.
    """
    remove_leftovers(folder)
    # a study that cannot be opened is known before anything runs
    studies = [StudyInProgress(plan, storage, folder, provenance(execution.device)) for plan in plans]
    total = sum(p.env_steps for p in plans)
    with (
        execution.dispatcher(folder) as dispatcher,
        Display([], 0, total, execution.at_once, after_s) as display,
    ):
        return StudyScheduler(dispatcher, display, folder, execution.device).run(studies)


class StudyScheduler:
    """Works off studies, as many of them at a time as jobs run at once. Use once."""

    def __init__(self, dispatcher: Dispatcher, display: Display, folder: Path, device: str) -> None:
        self.dispatcher, self.display, self.folder, self.device = dispatcher, display, folder, device
        dispatcher.on_tick = self._heartbeat
        self.active: list[ActiveStudy] = []
        self.paths: list[Path] = []
        self.failures: list[str] = []
        self.last_heartbeat = time.monotonic()

    def run(self, studies: Sequence[StudyInProgress]) -> Outcome:
        """Run the studies to their ends and save their results."""
        waiting = deque(studies)
        try:
            while waiting or self.active:
                while waiting and len(self.active) < self._at_once():
                    study = waiting.popleft()
                    self.active.append(ActiveStudy(study, study.work()))
                    self._advance(self.active[-1])
                for message in self.dispatcher.messages():
                    self._handle(message)
                    if waiting and len(self.active) < self._at_once():
                        break
                self._poll_idle()
        finally:
            for active in self.active:
                active.cells.close()
        return Outcome(tuple(self.paths), tuple(self.failures))

    def _at_once(self) -> int:
        return max(1, self.dispatcher.engine.slots)

    def _heartbeat(self) -> None:
        """Tell other machines that this one works on its trials."""
        now = time.monotonic()
        if now - self.last_heartbeat > HEARTBEAT_EVERY_S:
            self.last_heartbeat = now
            for active in self.active:
                active.study.heartbeat()

    def _handle(self, message: Message) -> None:
        self.display.show(message)
        if not message.ended:
            return
        active = next(a for a in self.active if message.index in a.jobs)
        active.jobs.remove(message.index)
        active.error = active.error or message.error
        if not active.jobs:
            self._advance(active)

    def _advance(self, active: ActiveStudy) -> None:
        """Submit the study's next cells that have no result, or end it."""
        while active.error is None:
            try:
                cells = next(active.cells)
            except StopIteration:
                break
            except Damaged as error:
                active.error = f"damaged: {error}"
                break
            if not cells:
                return
            waiting = {cell.file_name for cell in pending(cells, self.folder)}
            jobs = [CellJob(cell, cell_path(self.folder, cell), self.device) for cell in cells]
            for job in sort_jobs(jobs, one_at_a_time=False):
                active.env_steps += total_steps(job)
                if job.path.name in waiting:
                    self.display.add(job)
                    active.jobs.add(self.dispatcher.submit(job))
                else:
                    self.display.expect_less(total_steps(job))
            if active.jobs:
                return
        self._end(active)

    def _end(self, active: ActiveStudy) -> None:
        """Save the study's result, or say why there is none."""
        self.active.remove(active)
        active.cells.close()
        study = active.study
        self.display.expect_less(study.plan.env_steps - active.env_steps)  # what was pruned
        if study.result is None:
            self.failures.append(f"{study.plan.label}: {active.error or study.failure}")
            return
        self.paths.append(result.save(study.result, self.folder))
        print(f"tuned {study.progress()}", file=sys.stderr)

    def _poll_idle(self) -> None:
        """Studies without jobs wait for trials of other processes."""
        idle = [active for active in self.active if not active.jobs]
        if idle and len(idle) == len(self.active):
            time.sleep(POLL_EVERY_S)
        for active in idle:
            self._advance(active)

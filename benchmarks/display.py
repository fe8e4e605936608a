"""What a run shows while it works: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from benchmarks.executor import Job, Update

PLAIN_EVERY_S = 15.0


def duration(seconds: float) -> str:
    """90 -> '1:30'."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Display:
    """Cells, steps per second and time left. Use as a context; feed it every Update.

    total  environment steps, where jobs are added while others run
    """

    def __init__(self, jobs: list[Job], done_before: int, total: int | None = None) -> None:
        self.jobs, self.before = jobs, done_before
        self.total = sum(_steps(job) for job in jobs) if total is None else total
        self.steps = [0] * len(jobs)
        self.resumed: dict[int, int] = {}
        self.running: dict[int, str] = {}
        self.over: set[int] = set()
        self.failed = 0
        self.start = self.spoke = time.monotonic()
        self.console = Console(file=sys.stderr)
        self.live: Live | None = None

    def __enter__(self) -> Display:
        if self.console.is_terminal:
            self.live = Live(get_renderable=self._table, console=self.console, refresh_per_second=2)
            self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.__exit__(kind, error, trace)
        if self.jobs:
            self.console.print(self._line())

    def add(self, job: Job) -> None:
        """One more job; its index is the number of those before it."""
        self.jobs.append(job)
        self.steps.append(0)

    def show(self, update: Update) -> None:
        """Take in one piece of news."""
        i, job = update.index, self.jobs[update.index]
        if i in self.over:  # the queue may deliver after a job's end
            return
        if update.progress:
            self.resumed.setdefault(i, update.progress.env_steps)
            self.steps[i] = update.progress.env_steps
            if update.progress.notice:
                self.console.print(escape(f"{job.cell.label}: {update.progress.notice}"), highlight=False)
        if update.records:
            last = update.records[-1]
            at = [r.eval_return for r in update.records if r.checkpoint == last.checkpoint]
            self.running[i] = f"{last.fraction:4.0%}  return {sum(at) / len(at):9.3f}"
        if update.ended:
            self.steps[i] = _steps(job)
            self.running.pop(i, None)
            self.over.add(i)
            self.failed += update.error is not None
            if update.error:
                self.console.print(f"[red]failed[/red] {escape(f'{job.cell.label}: {update.error.splitlines()[0]}')}")
        elif i not in self.running:
            self.running[i] = "  0%"
        if not self.live and time.monotonic() - self.spoke > PLAIN_EVERY_S:
            self.spoke = time.monotonic()
            self.console.print(self._line(), highlight=False)

    def _speed(self) -> float:
        done = sum(self.steps) - sum(self.resumed.values())
        return max(0.0, done / max(time.monotonic() - self.start, 1e-6))

    def _line(self) -> str:
        elapsed, speed = time.monotonic() - self.start, self._speed()
        left = (self.total - sum(self.steps)) / speed if speed else float("nan")
        known = f"about {duration(left)} left" if left == left else "time left unknown"
        cells = f"{len(self.over)}/{len(self.jobs)} cells" + (f" ({self.before} done before)" if self.before else "")
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{duration(elapsed)}  {cells}{failed}  {speed:,.0f} env steps/s  {known}"

    def _table(self) -> Table:
        table = Table(title=self._line(), title_justify="left", box=None, show_header=False)
        for i, state in sorted(self.running.items()):
            table.add_row(escape(self.jobs[i].cell.label), f"{self.steps[i]:,} steps", state)
        return table


def _steps(job: Job) -> int:
    """Environment steps of all members of a job."""
    return job.cell.env_steps * len(job.cell.members.seeds) if job.cell.variant.update.trains else 0

"""The progress display of a run: a live table in a terminal, else plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from benchmarks.execution.engine import Job, Message, total_steps

PLAIN_EVERY_S = 15.0


def duration(seconds: float) -> str:
    """90 -> '1:30'; never below 0:00."""
    total = max(0, int(seconds))
    return f"{total // 60}:{total % 60:02d}"


class Display:
    """Cells, steps per second and time left. Use as a context; show it every Message.

    total  environment steps, where jobs are added while others run
    """

    def __init__(self, jobs: Sequence[Job], done_before: int, total: int | None = None) -> None:
        self.jobs, self.before = list(jobs), done_before
        self.total = sum(total_steps(job) for job in jobs) if total is None else total
        self.steps = [0] * len(jobs)
        self.resumed: dict[int, int] = {}
        self.running: dict[int, str] = {}
        self.finished: set[int] = set()
        self.failed = 0
        self.start = self.last_line_s = time.monotonic()
        self.console = Console(file=sys.stderr, force_jupyter=False)  # lines in a notebook too
        self.live: Live | None = None

    def __enter__(self) -> Display:
        if self.console.is_terminal:
            self.live = Live(get_renderable=self._render, console=self.console, refresh_per_second=2)
            self.live.start(refresh=True)
        elif self.jobs or self.total:
            self._print_line(self._line())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.__exit__(kind, error, trace)  # its last picture stays
        elif self.jobs:
            self._print_line(self._line())

    def add(self, job: Job) -> None:
        """One more job; its index is the number of those before it."""
        self.jobs.append(job)
        self.steps.append(0)

    def show(self, message: Message) -> None:
        """Show one message."""
        i, job = message.index, self.jobs[message.index]
        if i in self.finished:  # the queue may deliver after a job's end
            return
        if message.note:
            self._print_line(f"{job.label}: {message.note}")
            return
        if message.progress:
            self.resumed.setdefault(i, message.progress.env_steps)
            self.steps[i] = min(message.progress.env_steps, total_steps(job))  # a last rollout may go beyond the budget
            if message.progress.notice:
                self._print_line(f"{job.label}: {message.progress.notice}")
        if message.records:
            last = message.records[-1]
            at = [r.eval_return for r in message.records if r.checkpoint == last.checkpoint]
            self.running[i] = f"{last.fraction:4.0%}  return {sum(at) / len(at):9.3f}"
        if message.ended:
            self._end(i, message.error)
        elif message.lost:
            self._forget(i)
            again = "another runs it" if message.node else "it will be retried"
            self._print_line(f"{job.label}: its {'node' if message.node else 'worker'} {message.lost}; {again}")
        elif not message.records and self.running.get(i, "starting") == "starting":
            self.running[i] = "  0%" if message.progress else "starting"
        if not self.live and time.monotonic() - self.last_line_s > PLAIN_EVERY_S:
            self.last_line_s = time.monotonic()
            self._print_line(self._line())

    def _end(self, i: int, error: str | None) -> None:
        """A job has ended; the steps of a failed job count neither as done nor as left."""
        self.finished.add(i)
        if error is None:
            self.running.pop(i, None)
            self.steps[i] = total_steps(self.jobs[i])
            return
        self._forget(i)
        self.failed += 1
        self.total -= total_steps(self.jobs[i])
        self._print_line(f"failed {self.jobs[i].label}: {error.splitlines()[0]}", style="red")

    def _forget(self, i: int) -> None:
        """Reset the counts of a job that restarts or has failed."""
        self.running.pop(i, None)
        self.resumed.pop(i, None)
        self.steps[i] = 0

    def _print_line(self, line: str, style: str | None = None) -> None:
        """Print a permanent line, without rich markup."""
        self.console.print(line, style=style, highlight=False, markup=False, soft_wrap=True)

    def _speed(self) -> float:
        done = sum(self.steps) - sum(self.resumed.values())
        return max(0.0, done / max(time.monotonic() - self.start, 1e-6))

    def _line(self) -> str:
        elapsed, speed = time.monotonic() - self.start, self._speed()
        left = max(0, self.total - sum(self.steps))
        known = f"about {duration(left / speed if left else 0)} left" if speed or not left else "time left unknown"
        cells = f"{len(self.finished)}/{len(self.jobs)} cells" if self.jobs else "starting"
        cells += f" ({self.before} done before)" if self.before else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{duration(elapsed)}  {cells}{failed}  {speed:,.0f} env steps/s  {known}"

    def _render(self) -> Group:
        """The line, and a row for each cell that runs."""
        table = Table(box=None, show_header=False)
        for i, state in sorted(self.running.items()):
            table.add_row(Text(self.jobs[i].label), f"{self.steps[i]:,} steps", state)
        return Group(Text(self._line()), table) if self.running else Group(Text(self._line()))

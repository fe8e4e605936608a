"""The progress display of a run: a live table in a terminal, else plain lines."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from benchmarks.execution.display.time_left import TimeLeft, rough
from benchmarks.execution.engine import Job, Message, total_steps

PLAIN_EVERY_S, PLAIN_SHARE = 15.0, 0.05  # without a terminal a line each 15 s, later each twentieth of the time so far


def duration(seconds: float) -> str:
    """90 -> '1:30', 3700 -> '1:01:40'; never below 0:00."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, in_hour = divmod(minutes, 60)
    return f"{hours}:{in_hour:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Display:
    """Cells, steps per second and time left. Use as a context; show it every Message.

    total    environment steps of all jobs, where some are added while others run
    after_s  about how long the work takes that follows the jobs, which is the report's
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        done_before: int,
        total: int | None = None,
        at_once: int = 1,
        after_s: float = 0.0,
    ) -> None:
        self.jobs, self.before, self.after_s = list(jobs), done_before, after_s
        self.later = max(0, (total or 0) - sum(total_steps(job) for job in jobs))  # steps of jobs that will be added
        self.steps = [0] * len(jobs)
        self.resumed: dict[int, int] = {}
        self.running: dict[int, str] = {}
        self.finished: set[int] = set()
        self.failed = 0
        self.start = self.last_line_s = time.monotonic()
        self.console = Console(file=sys.stderr, force_jupyter=False)  # lines in a notebook too
        self.live: Live | None = None
        self.time_left = TimeLeft(at_once, self.start)
        for job in jobs:
            self._expect(job)

    def __enter__(self) -> Display:
        if self.console.is_terminal:
            self.live = Live(get_renderable=self._render, console=self.console, refresh_per_second=2)
            self.live.start(refresh=True)
        elif self.jobs:
            self._print_line(self._line())
        else:
            self.last_line_s = -math.inf  # with the first job that is added
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
        self._expect(job)
        self.expect_less(total_steps(job))

    def expect_less(self, steps: int) -> None:
        """So many steps fewer belong to jobs that will be added."""
        self.later = max(0, self.later - steps)

    def _expect(self, job: Job) -> None:
        """Jobs on one task, which a label names first, are off their estimates by about the same factor."""
        self.time_left.add(job.expected_seconds, job.label.partition(" x ")[0])

    def show(self, message: Message) -> None:
        """Show one message."""
        i, job = message.index, self.jobs[message.index]
        if i in self.finished:  # the queue may deliver after a job's end
            return
        if message.note:
            self._print_line(f"{job.label}: {message.note}")
            return
        now = time.monotonic()
        self.time_left.begin(i, now)
        if message.progress:
            if message.progress.budget:
                self.time_left.progress(i, message.progress.env_steps / message.progress.budget, now)
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
            self._reset(i)
            self.time_left.forget(i)
            again = "another runs it" if message.node else "it will be retried"
            self._print_line(f"{job.label}: its {'node' if message.node else 'worker'} {message.lost}; {again}")
        elif not message.records and self.running.get(i, "starting") == "starting":
            self.running[i] = "  0%" if message.progress else "starting"
        if not self.live and now - self.last_line_s > max(PLAIN_EVERY_S, PLAIN_SHARE * (now - self.start)):
            self.last_line_s = now
            self._print_line(self._line())

    def _end(self, i: int, error: str | None) -> None:
        """A job has ended; the steps of a failed job count neither as done nor as left."""
        self.finished.add(i)
        self.time_left.end(i, error is not None, time.monotonic())
        if error is None:
            self.running.pop(i, None)
            self.steps[i] = total_steps(self.jobs[i])
            return
        self._reset(i)
        self.failed += 1
        self._print_line(f"failed {self.jobs[i].label}: {error.splitlines()[0]}", style="red")

    def _reset(self, i: int) -> None:
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
        now = time.monotonic()
        cells = f"{len(self.finished)}/{len(self.jobs)} cells" if self.jobs else "starting"
        cells += f" ({self.before} done before)" if self.before else ""
        failed = f", {self.failed} failed" if self.failed else ""
        parts = f"{duration(now - self.start)}  {cells}{failed}", f"{self._speed():,.0f} env steps/s", self._left(now)
        return "  ".join(filter(None, parts))

    def _left(self, now: float) -> str:
        """How long everything will still take; empty when all is done."""
        if self.later and not self.jobs:
            return "time left unknown"
        step_s = sum(j.expected_seconds for j in self.jobs) / max(1, sum(total_steps(j) for j in self.jobs))
        seconds = self.time_left.seconds(now, self.later * step_s)
        return f"about {rough(seconds + self.after_s)} left" if seconds or self.after_s else ""

    def _render(self) -> Group:
        """The line, and a row for each cell that runs."""
        table = Table(box=None, show_header=False)
        table.add_column()  # a label goes on below itself where the terminal is narrow, and the numbers stay together
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        for i, state in sorted(self.running.items()):
            table.add_row(Text(self.jobs[i].label), f"{self.steps[i]:,} steps", state)
        return Group(Text(self._line()), table) if self.running else Group(Text(self._line()))

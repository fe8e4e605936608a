"""How long jobs will still take: their own estimates, corrected by what has been seen of them so far.

c = (W + seconds seen) / (W + estimated seconds of the same work)        over all jobs
c_g                     the same over the jobs of a group (a task), with c W in the place of the first W
left of a running job   (1 - f) (t + m E) / (f - f0 + m)     t: seconds seen, from fraction f0 to f; E = c_g estimate
left of all             the running and the waiting jobs, each given to the process that is free first
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

START_S = 4.0  # a pool's first worker imports what jobs need
SEEN_S = 5.0  # W: the estimates count as much as so many seconds that were seen
SHARE = 0.05  # m: and within a job, as so much of it


@dataclass
class _JobTimes:
    """What is known of one job. `fraction` of it is done; it was `first_fraction` at `first_s`."""

    expected_s: float
    group: str
    begun_s: float | None = None
    heard: bool = False  # whether it has said how far it is
    first_s: float = 0.0
    first_fraction: float = 0.0
    last_s: float = 0.0
    fraction: float = 0.0
    ended: bool = False
    failed: bool = False

    @property
    def seen_s(self) -> float:
        """Seconds of the part of it that was seen."""
        return 0.0 if self.begun_s is None else self.last_s - self.first_s

    @property
    def seen_work_s(self) -> float:
        """What the estimate says of the same part."""
        return self.expected_s * (self.fraction - self.first_fraction)


class TimeLeft:
    """Seconds until jobs have ended on `at_once` processes. All times are seconds of one clock."""

    def __init__(self, at_once: int, now: float) -> None:
        self.at_once, self.start = at_once, now
        self.jobs: list[_JobTimes] = []

    def add(self, expected_s: float, group: str) -> None:
        """A job more; its index is the number of those before it."""
        self.jobs.append(_JobTimes(expected_s, group))

    def begin(self, index: int, now: float) -> None:
        """A process has been given the job."""
        job = self.jobs[index]
        if job.begun_s is None:
            job.begun_s = job.first_s = job.last_s = now

    def progress(self, index: int, fraction: float, now: float) -> None:
        """So much of it is done. What came before the first word of it is start-up, or was done by another process."""
        self.begin(index, now)
        job = self.jobs[index]
        if not job.heard:
            job.heard, job.first_s, job.first_fraction = True, now, fraction
        job.last_s, job.fraction = now, min(1.0, fraction)

    def end(self, index: int, failed: bool, now: float) -> None:
        """The job has ended; what a failed one took says nothing of the others."""
        self.begin(index, now)
        job = self.jobs[index]
        job.last_s, job.fraction, job.ended, job.failed = now, 1.0, True, failed

    def forget(self, index: int) -> None:
        """The job starts again from nothing."""
        old = self.jobs[index]
        self.jobs[index] = _JobTimes(old.expected_s, old.group)

    def seconds(self, now: float, more_s: float = 0.0) -> float:
        """Until the last job has ended. `more_s`: estimated seconds of jobs that will be added."""
        overall, by_group = self._corrections()
        running, waiting = [], []
        for job in self.jobs:
            expected = by_group[job.group] * job.expected_s
            if job.begun_s is None:
                waiting.append(expected)
            elif not job.ended:
                running.append(_left(job, expected, now))
        start = 0.0 if any(job.heard or job.ended for job in self.jobs) else max(0.0, START_S - (now - self.start))
        if not (running or waiting or more_s):
            return 0.0
        return start + makespan(running, waiting, self.at_once) + overall * more_s / self.at_once

    def _corrections(self) -> tuple[float, dict[str, float]]:
        """(c, c of each group)."""
        seen = [job for job in self.jobs if not job.failed]
        overall = _ratio(seen, SEEN_S)
        groups: dict[str, list[_JobTimes]] = {job.group: [] for job in self.jobs}
        for job in seen:
            groups[job.group].append(job)
        return overall, {group: _ratio(jobs, overall * SEEN_S) for group, jobs in groups.items()}


def _ratio(jobs: Sequence[_JobTimes], prior_s: float) -> float:
    return (prior_s + sum(job.seen_s for job in jobs)) / (SEEN_S + sum(job.seen_work_s for job in jobs))


def _left(job: _JobTimes, expected: float, now: float) -> float:
    """Of a running job whose corrected estimate is `expected`."""
    assert job.begun_s is not None
    if not job.heard:  # some jobs say nothing before their end
        return max(SHARE * expected, expected - (now - job.begun_s))
    whole = (job.seen_s + SHARE * expected) / (job.fraction - job.first_fraction + SHARE)
    return max(0.0, (1 - job.fraction) * whole - (now - job.last_s))


def makespan(running: Sequence[float], waiting: Sequence[float], at_once: int) -> float:
    """Seconds until all jobs have ended, if each waiting one goes, in this order, to the process that is free first.

    running  seconds that are left of those that run
    """
    free = [*running, *[0.0] * max(0, at_once - len(running))]
    heapq.heapify(free)
    end = max(free, default=0.0)
    for seconds in waiting:
        ends = heapq.heappop(free) + seconds
        end = max(end, ends)
        heapq.heappush(free, ends)
    return end


def rough(seconds: float) -> str:
    """As precise as an estimate is: `5 s`, `45 s`, `12 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    tens = round(minutes / 10)
    return f"{tens // 6} h" + (f" {tens % 6 * 10} min" if tens % 6 else "")

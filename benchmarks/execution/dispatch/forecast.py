"""How long jobs take on so many processors, and which of them are the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.execution.display.time_left import makespan, rough
from benchmarks.execution.engine import Job

NAMED = 3  # jobs that are named
ABOUT = 0.1  # times that differ by this share are about the same


@dataclass(frozen=True)
class Forecast:
    """Jobs on `cores` processors, the longest first, each to the processor that is free first.

    seconds  until all have ended            busy   the share of the processors' time that is used
    limit    indices of the jobs that take about as long by themselves, so that more processors do not help
    enough   the fewest processors that are about as fast
    """

    cores: int
    seconds: float
    busy: float
    limit: tuple[int, ...]
    enough: int


def forecast(seconds: Sequence[float], cores: int) -> Forecast:
    """The forecast of jobs that take so many seconds each."""
    ordered = sorted(seconds, reverse=True)
    end = makespan([], ordered, cores)
    limit = sorted((i for i, s in enumerate(seconds) if s > (1 - ABOUT) * end), key=lambda i: -seconds[i])
    fewest, most = 1, cores
    while fewest < most:
        middle = (fewest + most) // 2
        if makespan([], ordered, middle) <= (1 + ABOUT) * end:
            most = middle
        else:
            fewest = middle + 1
    return Forecast(cores, end, sum(seconds) / (cores * end) if end else 1.0, tuple(limit), most)


def describe(jobs: Sequence[Job], cores: int) -> str:
    """The forecast in a few sentences."""
    found = forecast([job.expected_seconds for job in jobs], cores)
    text = f"on {cores} cores: about {rough(found.seconds)}, with {found.busy:.0%} of the cores busy on average."
    if not found.limit:
        return text
    names = ", ".join(f"{jobs[i].label} ({rough(jobs[i].expected_seconds)})" for i in found.limit[:NAMED])
    more = f" and {len(found.limit) - NAMED} more" if len(found.limit) > NAMED else ""
    fewer = f" {found.enough} cores are about as fast." if found.enough < cores else ""
    return f"{text} The limit is what takes longest: {names}{more}.{fewer}"

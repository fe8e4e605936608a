"""Which running jobs get a second copy, where slots are free and no job waits.

    needs_i = (1 - p_i) t_i / (p_i - f_i)   seconds that job i still needs at its own pace; t_i took it from share f_i to p_i
    c       = median of t_j / ((p_j - f_j) E_j)   over jobs of this run that have ended, or of which enough was seen
    fresh_i = c E_i (1 - s_i)               seconds of a second copy; E_i was estimated for all of it, its RunState holds s_i

A copy begins where needs_i > 2 fresh_i. For a task that runs k times, Mantri (Ananthanarayanan et al. 2010, section 5) asks
for needs > (k + 1) / k fresh, so that a copy saves resources too. Jobs that need longest come first, as in LATE (Zaharia et
al. 2008, section 4). A copy begins too where t_i > 2 c E_i (1 - f_i): that needs no progress, for a job may say nothing, or
hang.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from benchmarks.execution.dispatch.entries import Copy
from benchmarks.execution.display.time_left import rough

FEW = 3  # jobs of this run that say how long such jobs take, before any can be called slow
ENOUGH = 0.1  # the share of a running job that must have been seen, for it to be one of them
SLOW = 2.0
SLOW_MACHINE = 1.5  # a machine whose jobs take so many times c gets no second copies, where there are others
SHORTEST_S = 10.0  # a job that has run for less, or needs less, gets no copy: to start one takes seconds


@dataclass(frozen=True)
class Straggler:
    """A copy that is slow. needs: seconds, as far as known; why: for the user."""

    copy: Copy
    needs: float
    why: str


class Pace:
    """How long this run's jobs take, as a multiple of their expected seconds, and on which machines they take longer."""

    def __init__(self) -> None:
        self._ended: list[float] = []
        self._on: dict[str, list[float]] = {}  # of those that have ended, by machine

    def add(self, copy: Copy, now_s: float) -> None:
        """A copy has done its work. One that had little left says little."""
        expected = copy.job.expected_seconds * (1.0 - copy.first)
        if copy.started_s is None or expected <= 0 or copy.first > 0.5:
            return
        ratio = copy.ran(now_s) / expected
        self._ended.append(ratio)
        if copy.machine is not None:
            self._on.setdefault(copy.machine, []).append(ratio)

    def stragglers(self, running: Iterable[Copy], now_s: float) -> tuple[list[Straggler], set[str]]:
        """The copies whose job should have a second one, those that need longest first; and the machines that are slow."""
        running = list(running)
        ratios, on = [*self._ended], {machine: [*of] for machine, of in self._on.items()}
        for copy in running:
            seen = copy.share - copy.first
            if seen >= ENOUGH and copy.job.expected_seconds > 0:
                ratios.append(copy.ran(now_s) / (seen * copy.job.expected_seconds))
                if copy.machine is not None:
                    on.setdefault(copy.machine, []).append(ratios[-1])
        if len(ratios) < FEW:
            return [], set()
        factor = median(ratios)
        found = [straggler for copy in running if (straggler := _judge(copy, factor, now_s)) is not None]
        slow = {machine for machine, of in on.items() if median(of) > SLOW_MACHINE * factor}
        return sorted(found, key=lambda straggler: -straggler.needs), slow


def _judge(copy: Copy, factor: float, now_s: float) -> Straggler | None:
    expected, ran = factor * copy.job.expected_seconds, copy.ran(now_s)
    if copy.entry.twice or copy.started_s is None or not expected or ran <= SHORTEST_S:
        return None
    needs, fresh = copy.needs(now_s), expected * (1.0 - copy.saved)
    if needs is not None and needs > max(SHORTEST_S, SLOW * fresh):
        return Straggler(copy, needs, f"it needs {rough(needs)} more here, and elsewhere about {rough(fresh)}")
    whole = expected * (1.0 - copy.first)
    if ran > SLOW * whole:
        return Straggler(copy, ran if needs is None else needs, f"it takes {ran / whole:.1f} times as long as expected")
    return None

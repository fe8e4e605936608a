"""The time left: schedules by hand, and its error over whole runs of synthetic jobs whose durations are recorded."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks.execution.display import time_left
from benchmarks.execution.display.time_left import TimeLeft, makespan, rough


@dataclass(frozen=True)
class RecordedJob:
    """A job of a run: its estimate, how long it really took, and its task."""

    expected_s: float
    real_s: float
    task: str


def recorded(seed: int, jobs: int = 60, tasks: int = 6, off: float = 1.7) -> list[RecordedJob]:
    """The machine is slower than the estimates by `off`; a task and a job differ from that by about half and a fifth."""
    rng = np.random.default_rng(seed)
    factors = off * rng.lognormal(0.0, 0.5, tasks)
    expected = rng.lognormal(2.5, 0.7, jobs)
    real = expected * factors[np.arange(jobs) % tasks] * rng.lognormal(0.0, 0.2, jobs)
    rows = zip(expected, real, strict=True)
    return [RecordedJob(float(e), float(r), f"task {i % tasks}") for i, (e, r) in enumerate(rows)]


def predictions(
    jobs: Sequence[RecordedJob], at_once: int, start_s: float, after_s: float
) -> Iterator[tuple[float, ...]]:
    """(share of their time, predicted, true seconds left) at twenty moments of the jobs, longest estimate first.

    Each process needs `start_s` before its first job says how far it is; `after_s` follow the last job, and are known.
    """
    jobs = sorted(jobs, key=lambda job: job.expected_s, reverse=True)
    free = [(0.0, True)] * at_once
    spans = []  # (given, first word, end)
    for job in jobs:
        given, new = heapq.heappop(free)
        first = given + (start_s if new else 0.0)
        spans.append((given, first, first + job.real_s))
        heapq.heappush(free, (spans[-1][2], False))
    last = max(end for _, _, end in spans)
    for share in np.arange(0.0, 1.0, 0.05):
        now = float(share) * last
        left = TimeLeft(at_once, 0.0)
        for i, (job, (given, first, end)) in enumerate(zip(jobs, spans, strict=True)):
            left.add(job.expected_s, job.task)
            if given <= now:
                left.begin(i, given)
            for heard in (first, now):
                if first <= heard < end and heard <= now:
                    left.progress(i, (heard - first) / (end - first), heard)
            if end <= now:
                left.progress(i, 0.0, first)
                left.end(i, False, end)
        yield float(share), left.seconds(now) + after_s, last + after_s - now


def relative_errors(at_once: int, off: float, after: float = 0.1) -> np.ndarray:
    """|predicted - true| / true of ten runs, from a tenth of the time to its end."""
    found = []
    for seed in range(10):
        for share, predicted, true in predictions(recorded(seed, off=off), at_once, start_s=6.0, after_s=20.0):
            if share >= after:
                found.append(abs(predicted - true) / true)
    return np.array(found)


@pytest.mark.parametrize("at_once", [1, 2, 8])
@pytest.mark.parametrize("off", [0.5, 1.0, 3.0])
def test_the_time_left_is_right_to_a_tenth_in_the_median(at_once: int, off: float) -> None:
    """Start-up and report counted, whatever the machine's speed; without corrections the median is 0.3 to 0.8."""
    errors = relative_errors(at_once, off)
    assert np.median(errors) < 0.10
    assert np.quantile(errors, 0.9) < 0.25


def test_without_what_was_seen_it_would_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_left, "_ratio", lambda jobs, prior_s: 1.0)
    assert np.median(relative_errors(2, off=3.0)) > 0.3


def test_the_first_estimate_is_that_of_the_jobs() -> None:
    """Right estimates are right from the first moment: 4 s of start-up for the 6 s that it takes, all else exact."""
    jobs = [RecordedJob(10.0, 10.0, "a")] * 4
    share, predicted, true = next(iter(predictions(jobs, 2, start_s=6.0, after_s=5.0)))
    assert (share, predicted, true) == (0.0, 4 + 20 + 5, 6 + 20 + 5)


def test_each_waiting_job_goes_to_the_process_that_is_free_first() -> None:
    assert makespan([], [3.0, 2.0, 2.0], 2) == 4.0  # 3 | 2 + 2
    assert makespan([5.0, 1.0], [1.0, 1.0], 2) == 5.0  # 5 | 1 + 1 + 1
    assert makespan([5.0], [2.0, 9.0], 2) == 11.0  # a second process is free: 5 | 2 + 9
    assert makespan([], [], 3) == 0.0


def test_a_running_job_is_measured_from_its_first_word() -> None:
    """A resumed job: half done when it is first heard of, at 10 s; at 14 s six tenths are done: 40 s a whole, 16 s left."""
    left = TimeLeft(1, 0.0)
    left.add(40.0, "a")
    left.begin(0, 0.0)
    left.progress(0, 0.5, 10.0)
    left.progress(0, 0.6, 14.0)
    assert left.seconds(14.0) == pytest.approx(16.0)
    assert left.seconds(20.0) == pytest.approx(10.0)  # nothing heard for six seconds
    left.forget(0)
    assert left.seconds(20.0) == pytest.approx(40.0)


def test_what_a_failed_job_took_says_nothing_of_the_others() -> None:
    left = TimeLeft(1, 0.0)
    for _ in range(2):
        left.add(10.0, "a")
    left.begin(0, 0.0)
    left.end(0, True, 100.0)
    assert left.seconds(100.0) == pytest.approx(10.0)


def test_a_job_that_says_nothing_is_expected_to_take_its_time() -> None:
    left = TimeLeft(1, 0.0)
    left.add(10.0, "a")
    left.begin(0, 0.0)
    assert left.seconds(6.0) == pytest.approx(4.0)
    assert left.seconds(30.0) == pytest.approx(0.5)  # late: a twentieth of it


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "5 s"), (44, "45 s"), (89, "90 s"), (91, "2 min"), (3_000, "50 min"), (7_900, "2 h 10 min"), (7_300, "2 h")],
)
def test_an_estimate_is_said_as_precisely_as_it_is_known(seconds: float, words: str) -> None:
    assert rough(seconds) == words

"""How long jobs take on so many processors, by hand."""

from __future__ import annotations

from pathlib import Path

from benchmarks.execution.dispatch.forecast import Forecast, describe, forecast
from tests.benchmarks.execution.engines.work import Work, touch


def test_the_longest_first_each_to_the_processor_that_is_free_first() -> None:
    """3 and 3, then 2 and 2, then 2: 3 + 2 + 2 on one processor and 3 + 2 on the other."""
    assert forecast([2, 3, 2, 3, 2], 2) == Forecast(2, 7, 12 / 14, (), 2)


def test_the_longest_job_is_the_limit() -> None:
    """10 on one processor, 1 + 1 + 1 on another: a third changes nothing, and one alone takes 13 s."""
    assert forecast([1, 10, 1, 1], 4) == Forecast(4, 10, 13 / 40, (1,), 2)


def test_without_work_nothing_takes_time() -> None:
    assert forecast([], 3) == Forecast(3, 0, 1.0, (), 1)


def test_in_words() -> None:
    jobs = [Work(touch, Path(name), expected_seconds=s) for name, s in [("a", 60), ("b", 600), ("c", 60)]]
    assert describe(jobs, 4) == (
        "on 4 cores: about 10 min, with 30% of the cores busy on average. "
        "The limit is what takes longest: b (10 min). 2 cores are about as fast."
    )

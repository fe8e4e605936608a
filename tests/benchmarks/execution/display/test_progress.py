"""What a run shows: at once, with steps that were done, and a time left that is never negative."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from algorithms.training.records import Progress, Record
from benchmarks.execution.display import progress
from benchmarks.execution.display.progress import Display, duration
from benchmarks.execution.engine import Message
from benchmarks.execution.jobs import CellJob
from tests.benchmarks.small_cells import small_cell

CELL = small_cell()  # 2 members x 500 steps
RECORD = Record(0, 0.01, 0, 0.5, 250, 3, 0.5, 1.25, float("nan"), False)


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def shown(
    count: int = 2, terminal: bool = False, before: int = 0, total: int | None = None, after_s: float = 0.0
) -> tuple[Display, io.StringIO]:
    """A display of so many jobs, and what it writes."""
    made, out = Display([CellJob(CELL, Path("x"))] * count, before, total, after_s=after_s), io.StringIO()
    made.console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    return made, out


def test_a_line_is_drawn_at_once_where_there_is_no_terminal(clock: Clock) -> None:
    made, out = shown(before=3)
    with made:
        assert out.getvalue() == "0:00  0/2 cells (3 done before)  0 env steps/s  about 10 s left\n"


def test_a_line_is_drawn_at_once_in_a_terminal(clock: Clock) -> None:
    made, out = shown(terminal=True)
    with made:
        assert "0/2 cells" in out.getvalue()
        made.show(Message(1))  # a cell begins, and imports its libraries for some seconds
        assert made.live is not None
        made.live.refresh()
        assert "bandit/small x gae 0 steps starting" in " ".join(out.getvalue().split())


def test_a_study_is_drawn_with_its_first_job(clock: Clock) -> None:
    """A cell of 1,000 steps and about 2 s, of 4,000 steps: 4 s of start-up and 8 s."""
    made, out = shown(0, total=4_000)
    with made:
        assert out.getvalue() == ""
        made.add(CellJob(CELL, Path("x")))
        made.show(Message(0))
        assert out.getvalue() == "0:00  0/1 cells  0 env steps/s  about 10 s left\n"


def test_what_a_failed_cell_did_counts_neither_as_done_nor_as_left(clock: Clock) -> None:
    """Three cells of 1,000 steps: after 10 s one is done, one has failed at 600: 100 steps/s.

    A cell's estimate is 2 s and its steps' share, say 2.0 s: c = (5 + 10) / (5 + 2) = 2.1, so 4.3 s for the third.
    """
    made, out = shown(3)
    made.show(Message(0, Progress(0, 1000)))
    made.show(Message(1, Progress(0, 1000)))
    made.show(Message(1, Progress(600, 1000)))
    clock.now = 10.0
    made.show(Message(0, ended=True))
    made.show(Message(1, ended=True, error="OSError: no\ntrace"))
    assert made._line() == "0:10  2/3 cells, 1 failed  100 env steps/s  about 5 s left"
    assert out.getvalue().splitlines()[-1] == "failed bandit/small x gae: OSError: no"


def test_a_job_that_is_tried_again_begins_at_nothing(clock: Clock) -> None:
    made, out = shown(1)
    made.show(Message(0, Progress(600, 1000), (RECORD,)))
    made.show(Message(0, lost="was killed (SIGKILL)"))
    assert (made.steps, made.running, made.resumed) == ([0], {}, {})
    assert out.getvalue() == ("bandit/small x gae: its worker was killed (SIGKILL); it will be retried\n")
    made.show(Message(0))
    assert made.running == {0: "starting"}
    made.show(Message(0, Progress(10, 1000)))
    assert made.running == {0: "  0%"}


def test_no_time_left_is_negative(clock: Clock) -> None:
    """A last rollout goes beyond the budget, and a study's steps are an estimate."""
    made, _ = shown(1, total=500)
    clock.now = 10.0
    made.show(Message(0, Progress(0, 1000)))
    made.show(Message(0, Progress(1100, 1000)))
    assert made.steps == [1000]
    assert made._line() == "0:10  0/1 cells  100 env steps/s"
    made.show(Message(0, ended=True))
    assert made._line() == "0:10  1/1 cells  100 env steps/s"
    assert (duration(-5.0), duration(90.0), duration(3_700.0)) == ("0:00", "1:30", "1:01:40")


def test_the_report_counts_in_the_time_left(clock: Clock) -> None:
    made, _ = shown(1, after_s=40.0)
    clock.now = 10.0
    made.show(Message(0, ended=True))
    assert made._line() == "0:10  1/1 cells  100 env steps/s  about 40 s left"


def test_without_a_terminal_lines_grow_rarer(clock: Clock) -> None:
    """Every 15 s in the first five minutes, later each twentieth of the time so far: after 400 s 20 s."""
    made, out = shown(1)
    for now in (14.0, 16.0, 31.0, 32.0, 400.0, 420.0, 422.0):
        clock.now = now
        made.show(Message(0, Progress(0, 1000)))
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["0:16", "0:32", "6:40", "7:02"]


def test_jobs_that_will_be_added_count_in_the_time_left(clock: Clock) -> None:
    """A study of 4,000 steps: one cell of 1,000 steps in 2 s, estimated at 2 s, leaves 3,000 steps; 1,000 are pruned."""
    made, _ = shown(0, total=4_000)
    made.add(CellJob(CELL, Path("x")))
    made.show(Message(0))
    clock.now = 2.0
    made.show(Message(0, ended=True))
    estimate = CellJob(CELL, Path("x")).expected_seconds
    assert made.later == 3_000
    assert made._left(2.0) == "about 5 s left"
    assert made.time_left.seconds(2.0, 3_000 * estimate / 1_000) == pytest.approx(3 * estimate * 7 / (5 + estimate))
    made.expect_less(1_000)
    assert made.later == 2_000


def test_names_are_no_markup(clock: Clock) -> None:
    made, out = shown(1)
    made.jobs = [CellJob(replace(CELL, task=replace(CELL.task, name="a[red]b")), Path("x"))]
    made.show(Message(0, Progress(1, 1000, "see [bold]")))
    made.show(Message(0, ended=True, error="E: [/]"))
    assert out.getvalue() == "a[red]b x gae: see [bold]\nfailed a[red]b x gae: E: [/]\n"


def test_what_comes_after_a_jobs_end_is_not_shown(clock: Clock) -> None:
    made, _ = shown(1)
    made.show(Message(0, ended=True))
    made.show(Message(0, Progress(3, 1000)))
    assert (made.running, made.steps) == ({}, [1000])

"""What a run shows: at once, with steps that were done, and a time left that is never negative."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from algorithms.training.records import Progress, Record
from benchmarks.execution import progress
from benchmarks.execution.engine import Message
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.progress import Display, duration
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
    count: int = 2, terminal: bool = False, before: int = 0, total: int | None = None
) -> tuple[Display, io.StringIO]:
    """A display of so many jobs, and what it writes."""
    made, out = Display([CellJob(CELL, Path("x"))] * count, before, total), io.StringIO()
    made.console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    return made, out


def test_a_line_is_drawn_at_once_where_there_is_no_terminal(clock: Clock) -> None:
    made, out = shown(before=3)
    with made:
        assert out.getvalue() == "0:00  0/2 cells (3 done before)  0 env steps/s  time left unknown\n"


def test_a_line_is_drawn_at_once_in_a_terminal(clock: Clock) -> None:
    made, out = shown(terminal=True)
    with made:
        assert "0/2 cells" in out.getvalue()
        made.show(Message(1))  # a cell begins, and imports its libraries for some seconds
        assert made.live is not None
        made.live.refresh()
        assert "bandit/small x gae 0 steps starting" in " ".join(out.getvalue().split())


def test_a_study_whose_jobs_are_yet_to_come_is_drawn_at_once(clock: Clock) -> None:
    made, out = shown(0, total=4_000)
    with made:
        assert out.getvalue() == "0:00  starting  0 env steps/s  time left unknown\n"


def test_what_a_failed_cell_did_counts_neither_as_done_nor_as_left(clock: Clock) -> None:
    """Three cells of 1,000 steps: after 10 s one is done, one has failed at 600: 100 steps/s, 10 s for the third."""
    made, out = shown(3)
    made.show(Message(0, Progress(0, 1000)))
    made.show(Message(1, Progress(0, 1000)))
    made.show(Message(1, Progress(600, 1000)))
    clock.now = 10.0
    made.show(Message(0, ended=True))
    made.show(Message(1, ended=True, error="OSError: no\ntrace"))
    assert made._line() == "0:10  2/3 cells, 1 failed  100 env steps/s  about 0:10 left"
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
    assert made._line() == "0:10  0/1 cells  100 env steps/s  about 0:00 left"
    made.show(Message(0, ended=True))
    assert made._line() == "0:10  1/1 cells  100 env steps/s  about 0:00 left"
    assert (duration(-5.0), duration(90.0)) == ("0:00", "1:30")


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

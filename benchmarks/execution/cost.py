"""Estimates of the time and size of jobs, used to order them and to announce a run."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.design.gradient_experiment import Measurement
from benchmarks.execution.display.time_left import START_S, makespan, rough
from benchmarks.execution.engine import Job, total_steps

MEASUREMENT_ROWS_PER_S = 120_000  # rows a second of one process, acting and learning
LISTED_S = 0.5  # of one process, for a measurement that lists all groups in place of drawing some
BYTES_PER_CELL = 12_000
CELL_S = 2.0  # of one process, for what a cell costs besides its steps: its evaluations, first calls, its file
REPORT_S, REPORTED_CELL_S = 8.0, 0.2  # a report's imports and first figure; and each cell that it reads and draws


def measurement_seconds(measurement: Measurement) -> float:
    """About how long one process takes to draw the gradients of a measurement, or to list them."""
    if not measurement.replicates:
        return LISTED_S
    return 0.3 + measurement.env_steps * measurement.replicates / MEASUREMENT_ROWS_PER_S


def counted_cells(count: int) -> str:
    """`1 cell`, `2 cells`."""
    return f"{count} cell{'' if count == 1 else 's'}"


def report_seconds(cells: int) -> float:
    """About how long the report of so many cells takes to write."""
    return REPORT_S + REPORTED_CELL_S * cells


def run_seconds(jobs: Sequence[Job], at_once: int, after_s: float) -> float:
    """About how long the jobs take, so many at once, with start-up and what follows them."""
    return START_S + makespan([], [job.expected_seconds for job in jobs], at_once) + after_s


def summary(jobs: Sequence[Job], at_once: int, after_s: float) -> str:
    """How much there is to do, in one line. `after_s`: what follows the jobs, which is the report."""
    steps = sum(total_steps(job) for job in jobs)
    seconds = run_seconds(jobs, at_once, after_s)
    what = f"{steps:,} environment steps, " if steps else ""
    report = " with its report" if after_s else ""
    return f"{what}{at_once} at once, about {rough(seconds)}{report}, {len(jobs) * BYTES_PER_CELL / 1e6:.1f} MB"

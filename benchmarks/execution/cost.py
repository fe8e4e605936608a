"""Estimates of the time and size of jobs, used to order them and to announce a run."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.design.gradient_experiment import Measurement
from benchmarks.execution.engine import Job, total_steps
from benchmarks.execution.progress import duration

MEASUREMENT_ROWS_PER_S = 120_000  # rows a second of one process, acting and learning
BYTES_PER_CELL = 12_000


def measurement_seconds(measurement: Measurement) -> float:
    """About how long one process takes to draw the gradients of a measurement."""
    return 0.3 + measurement.env_steps * measurement.replicates / MEASUREMENT_ROWS_PER_S


def summary(jobs: Sequence[Job], at_once: int) -> str:
    """How much there is to do, in one line."""
    steps = sum(total_steps(job) for job in jobs)
    seconds = sum(job.expected_seconds for job in jobs) / at_once
    disk = len(jobs) * BYTES_PER_CELL / 1e6
    return f"{len(jobs)} cells, {steps:,} environment steps, about {duration(seconds)} (min:s), {disk:.1f} MB"

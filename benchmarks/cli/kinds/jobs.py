"""What the kinds whose results are cells or measurements share: what is checked and said before their jobs run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags, check_outputs
from benchmarks.execution import cost
from benchmarks.execution.dispatch import forecast
from benchmarks.execution.engine import Job
from benchmarks.execution.sinks.live import make_sinks
from benchmarks.store.sources import readable
from envs.validation import UsageError


def jobs_at_once(flags: RunFlags, name: str, one_at_a_time: bool) -> int:
    """How many jobs run at once; UsageError for more than one where seconds are what is measured."""
    if not one_at_a_time:
        return flags.processors(flags.jobs, flags.dry_run)
    if flags.engine != "local":
        raise UsageError(f"{name} measures seconds, which differ between machines: --engine local, not {flags.engine}")
    if flags.jobs is not None and flags.jobs > 1:
        raise UsageError(f"{name} measures seconds and runs one cell after another: --jobs 1, not {flags.jobs}")
    return 1


def announce(flags: RunFlags, folder: Path, name: str, jobs: Sequence[Job], at_once: int, after_s: float = 0.0) -> None:
    """Say how much there is to do, and for a dry run of what; UsageError where it could not be done or written.

    after_s  of what follows the jobs, which is the report
    """
    flags.check_engine(flags.device, flags.dry_run)
    if flags.log is not None:
        make_sinks(split(flags.log), flags.log_folder)
    if not flags.dry_run:
        logs = None if flags.log is None else flags.log_folder
        check_outputs(flags.results, folder, ("cells", "tables", "figures"), flags.save_policies, logs)
    pending_jobs = [job for job in jobs if not readable(job.path)]
    for job in pending_jobs if flags.dry_run else ():
        steps = f"{job.member_steps:,} steps" if job.member_steps else "no training"
        print(f"{job.label}: {len(job.seeds)} members x {steps}")
    done = len(jobs) - len(pending_jobs)
    before = f" ({done} done before)" if done else ""
    how_much = f": {cost.summary(pending_jobs, at_once, after_s)}" if pending_jobs else ""
    print(f"{name}: {cost.counted_cells(len(pending_jobs))} to run{before}{how_much}", file=sys.stderr)
    if flags.cores is not None and pending_jobs:
        print(f"{name} {forecast.describe(pending_jobs, flags.cores)}", file=sys.stderr)

"""What the kinds whose results are cells or measurements share: what is checked and said before their jobs run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cli.options import RunFlags, check_device, check_outputs
from benchmarks.execution import cost, tensorboard
from benchmarks.execution.engine import Job
from benchmarks.execution.engines.pool import available_processors
from benchmarks.store.sources import readable
from envs.validation import UsageError


def jobs_at_once(flags: RunFlags, name: str, one_at_a_time: bool) -> int:
    """How many jobs run at once; UsageError for more than one where seconds are what is measured."""
    if not one_at_a_time:
        return flags.jobs or available_processors()
    if flags.jobs is not None and flags.jobs > 1:
        raise UsageError(f"{name} measures seconds and runs one cell after another: --jobs 1, not {flags.jobs}")
    return 1


def announce(flags: RunFlags, folder: Path, name: str, jobs: Sequence[Job], at_once: int) -> None:
    """Say how much there is to do, and for a dry run of what; UsageError where it could not be done or written."""
    check_device(flags.device)
    if flags.tensorboard is not None:
        tensorboard.check()
    if not flags.dry_run:
        check_outputs(flags.results, folder, ("cells", "tables", "figures"), flags.save_policies, flags.tensorboard)
    pending_jobs = [job for job in jobs if not readable(job.path)]
    for job in pending_jobs if flags.dry_run else ():
        steps = f"{job.member_steps:,} steps" if job.member_steps else "no training"
        print(f"{job.label}: {len(job.seeds)} members x {steps}")
    print(f"{name}: {cost.summary(pending_jobs, at_once)}, {at_once} at once", file=sys.stderr)

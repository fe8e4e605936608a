"""What the kinds whose results are cells or measurements share: what is checked and said before their jobs run."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags, check_outputs
from benchmarks.design.experiment import Outcome
from benchmarks.execution import cost, runner
from benchmarks.execution.dispatch import forecast
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.done import seems_done
from benchmarks.execution.engine import Job
from benchmarks.execution.sinks.live import LiveLogs, make_sinks
from benchmarks.sharing.shard import Shard
from envs.validation import UsageError

J = TypeVar("J", bound=Job)


def jobs_at_once(flags: RunFlags, name: str, one_at_a_time: bool) -> int:
    """How many jobs run at once; UsageError for more than one where seconds are what is measured."""
    if not one_at_a_time:
        return flags.processors(flags.jobs, flags.dry_run)
    if flags.engine != "local":
        raise UsageError(f"{name} measures seconds, which differ between machines: --engine local, not {flags.engine}")
    if flags.jobs is not None and flags.jobs > 1:
        raise UsageError(f"{name} measures seconds and runs one cell after another: --jobs 1, not {flags.jobs}")
    return 1


def share(flags: RunFlags, jobs: Sequence[J]) -> list[J]:
    """The jobs of --shard; without it all of them."""
    if flags.shard is None:
        return list(jobs)
    return Shard.read(flags.shard).of(jobs, lambda job: _digest(job.path), lambda job: job.expected_seconds)


def check_shared(flags: RunFlags) -> None:
    """UsageError for flags that need the results of all cells together with flags that leave cells to others."""
    if flags.shard is not None:
        Shard.read(flags.shard)
    needs = [name for name in ("adaptive", "select_rates") if getattr(flags, name)]
    leaves = ["--shard"] if flags.shard is not None else [] if flags.wait else ["--no-wait"]
    if needs and leaves:
        raise UsageError(
            f"{leaves[0]} has no meaning with --{needs[0].replace('_', '-')}, which reads all cells' results"
        )


def run_jobs(
    flags: RunFlags,
    jobs: Sequence[Job],
    folder: Path,
    execution: Execution,
    live: LiveLogs | None = None,
    one_at_a_time: bool = False,
    after_s: float = 0.0,
) -> Outcome:
    """Run this command's share of the jobs. The outcome names those without a result that it leaves to others."""
    own = share(flags, jobs)
    outcome = runner.run(own, folder, execution, live, one_at_a_time, after_s)
    others = {job.path for job in jobs} - {job.path for job in own}
    missing = [f"{job.label}: in another shard" for job in jobs if job.path in others and not seems_done(job.path)]
    there = tuple(job.path for job in jobs if seems_done(job.path)) if others else outcome.paths
    return replace(outcome, paths=there, elsewhere=(*outcome.elsewhere, *missing))


def _digest(path: Path) -> str:
    return path.stem.rpartition("__")[2]


def announce(
    flags: RunFlags,
    folder: Path,
    name: str,
    jobs: Sequence[Job],
    at_once: int,
    after_s: float = 0.0,
    undecided: Collection[str] = (),
) -> None:
    """Say how much there is to do, and for a dry run of what; UsageError where it could not be done or written.

    after_s    of what follows the jobs, which is the report
    undecided  labels of jobs whose settings are selected first: whether they are done before is not known yet
    """
    flags.check_engine(flags.device, flags.dry_run)
    if flags.log is not None:
        make_sinks(split(flags.log), flags.log_folder)
    if not flags.dry_run:
        logs = None if flags.log is None else flags.log_folder
        check_outputs(flags.results, folder, ("cells", "tables", "figures"), flags.save_policies, logs)
    own = share(flags, jobs)
    pending_jobs = [job for job in own if job.label in undecided or not seems_done(job.path)]
    for job in pending_jobs if flags.dry_run else ():
        steps = f"{job.member_steps:,} steps" if job.member_steps else "no training"
        print(f"{job.label}: {len(job.seeds)} members x {steps}")
    part = f"{name}, shard {flags.shard}" if flags.shard is not None else name
    done = len(own) - len(pending_jobs)
    before = f" ({done} done before)" if done else ""
    how_much = f": {cost.summary(pending_jobs, at_once, after_s)}" if pending_jobs else ""
    most = "up to " if undecided else ""
    print(f"{part}: {most}{cost.counted_cells(len(pending_jobs))} to run{before}{how_much}", file=sys.stderr)
    if flags.cores is not None and pending_jobs:
        print(f"{name} {forecast.describe(pending_jobs, flags.cores)}", file=sys.stderr)

"""Experiments that measure gradients: their jobs are measurements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.cli.kinds.jobs import announce, check_shared, jobs_at_once, run_jobs
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags
from benchmarks.design.experiment import Outcome
from benchmarks.design.gradient_experiment import GradientExperiment
from benchmarks.execution import runner
from benchmarks.execution.cost import report_seconds
from benchmarks.execution.jobs import MeasurementJob
from benchmarks.reports.gradient_report import gradient_report
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.files import Damaged
from benchmarks.store.sources import MEASURED, stored_cells
from benchmarks.validation.program import run_line
from envs.validation import UsageError


class GradientRun:
    """See cli.kinds.api.ExperimentRun."""

    def __init__(self, experiment: GradientExperiment) -> None:
        self.experiment = experiment

    def select(self, flags: RunFlags) -> None:
        if flags.variants is not None:
            self.experiment = self.experiment.select_variants(split(flags.variants))

    def run(self, flags: RunFlags, folder: Path) -> Outcome | None:
        check_shared(flags)
        jobs = [MeasurementJob(m, runner.cell_path(folder, m)) for m in self.experiment.measurements]
        at_once = jobs_at_once(flags, self.experiment.name, one_at_a_time=False)
        after_s = report_seconds(len(jobs))
        announce(flags, folder, self.experiment.name, jobs, at_once, after_s)
        if flags.dry_run:
            return None
        execution = replace(flags.execution(at_once, "cpu", flags.jobs), waits=flags.wait)
        return run_jobs(flags, jobs, folder, execution, after_s=after_s)

    def report(self, folder: Path, outcome: Outcome, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        if not outcome.paths:
            return None
        return gradient_report(self.experiment, outcome, folder, figure_kinds)

    def report_folder(self, folder: Path, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        paths = stored_cells(folder, MEASURED)
        if not paths:
            raise UsageError(f"{folder} holds no results; run: {run_line(self.experiment.name, folder)}")
        made = {measurement.digest for measurement in self.experiment.measurements}
        if not any(path.stem.rpartition("__")[2] in made for path in paths):
            held, name = count_noun(len(paths), "measurement"), self.experiment.name
            raise UsageError(f"{folder} holds {held}, but none that {name} makes now; run: {run_line(name, folder)}")
        try:
            return gradient_report(self.experiment, Outcome(tuple(paths)), folder, figure_kinds)
        except Damaged as error:
            raise UsageError(f"damaged: {error}; run the experiment again to replace it") from error

    def guide_rows(self, folder: Path) -> pd.DataFrame | None:
        return None

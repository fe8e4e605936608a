"""Experiments that are made of studies: every variant is tuned on every task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.cli.kinds.plans import build_plans, run_studies
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags
from benchmarks.design.experiment import Outcome
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.design.own.arguments import parse_env_kwargs
from benchmarks.design.tuning_experiment import TuningExperiment
from benchmarks.tuning import result
from benchmarks.tuning.protocol import StudyPlan
from benchmarks.tuning.report.report import write
from envs.validation import UsageError


class StudyRun:
    """See cli.kinds.api.ExperimentRun."""

    def __init__(self, experiment: TuningExperiment) -> None:
        self.experiment = experiment
        self.plans: list[StudyPlan] = []

    def select(self, flags: RunFlags) -> None:
        experiment = self.experiment
        tasks = find_tasks(
            experiment.tasks, None if flags.tasks is None else split(flags.tasks), parse_env_kwargs(flags.env_kwargs)
        )
        tasks = flags.scale.apply(tasks)
        named = None if flags.variants is None else split(flags.variants)
        variants = find_variants(experiment.variants, named)
        steps = experiment.env_steps if flags.env_steps is None else {t.name: flags.env_steps for t in tasks}
        study = experiment.name + ("-smoke" if flags.smoke else "")
        self.plans = build_plans(study, variants, [(task,) for task in tasks], experiment.budget, steps)

    def run(self, flags: RunFlags, folder: Path) -> Outcome | None:
        return run_studies(self.plans, flags.results, None, flags.jobs, flags.device, flags.dry_run, flags)

    def report(self, folder: Path, outcome: Outcome, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        studies = result.load_all(folder)
        return write(folder.name, self.experiment.question, studies, folder, figure_kinds) if studies else None

    def report_folder(self, folder: Path, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        studies = result.load_all(folder)
        if not studies:
            raise UsageError(f"{folder} holds no studies; run: python -m benchmarks run {self.experiment.name}")
        return write(folder.name, self.experiment.question, studies, folder, figure_kinds)

    def guide_rows(self, folder: Path) -> pd.DataFrame | None:
        return None

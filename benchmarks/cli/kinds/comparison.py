"""Experiments that compare trained variants: their jobs are cells, and seeds may be added until all is decided."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from algorithms.algorithm import Algorithm
from benchmarks.cli.kinds import rates
from benchmarks.cli.kinds.jobs import announce, check_shared, jobs_at_once, run_jobs
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags, command_line, live_logs, policies_folder, say_normalised
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.design.identity import hashed_description
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.design.own import comparison as own
from benchmarks.design.own.arguments import parse_env_kwargs
from benchmarks.design.own.rates import rated_origins, save_selected, with_rates, with_rates_of_origins
from benchmarks.design.own.sweep import sweep
from benchmarks.design.resolve import reason_unsupported
from benchmarks.design.scales import check_averaged, save_scales
from benchmarks.execution import runner
from benchmarks.execution.cost import report_seconds
from benchmarks.execution.done import seems_done
from benchmarks.execution.floors import with_floors
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.rehearsal import rehearse
from benchmarks.experiments import EXPERIMENTS
from benchmarks.store import pooling
from benchmarks.store.files import Damaged
from benchmarks.store.sources import has_results, imported_cells, read_meta
from benchmarks.tuning.lookup import configurations
from benchmarks.validation.program import as_typed, run_line
from envs.api import Task
from envs.custom.repeats import is_user_environment
from envs.named import check_installed
from envs.validation import UsageError, look_up

if TYPE_CHECKING:
    from benchmarks.execution.adaptive import SequentialPlan

# imported when they are needed: they read results with scipy and draw with matplotlib, and workers need not wait for them
ADAPTIVE, REPORT = "benchmarks.execution.adaptive", "benchmarks.reports.report"


class ComparisonRun:
    """See cli.kinds.api.ExperimentRun.

    python  whether it was called from Python: no report follows, and advice names arguments in place of flags
    """

    def __init__(self, experiment: ComparisonExperiment, python: bool = False) -> None:
        self.declared = self.experiment = experiment
        self.python = python
        self.cells: list[Cell] = []

    def select(self, flags: RunFlags) -> None:
        if flags.name is not None:
            own.check_name(flags.name, EXPERIMENTS, flags.results)
            self.declared = own.named(self.declared, flags.name)
        if flags.tuned and flags.select_rates:
            raise UsageError("--select-rates has no meaning with --tuned, which has a rate for every variant")
        experiment = self.declared
        if flags.seeds is not None:
            experiment = replace(experiment, seeds=flags.seeds, seeds_by_variant={})
        tasks = find_tasks(
            experiment.tasks, None if flags.tasks is None else split(flags.tasks), parse_env_kwargs(flags.env_kwargs)
        )
        tasks = flags.scale.apply(tasks, [task.name for task in experiment.own_tasks])
        if experiment.rates:
            check_averaged(tasks, experiment.name)
        check_installed(tasks)
        named = None if flags.variants is None else split(flags.variants)
        variants = find_variants(experiment.variants, named)
        tuned = configurations(flags.results / flags.study, tasks, variants) if flags.tuned else {}
        self.experiment = replace(
            experiment,
            tasks=tuple(tasks),
            variants=tuple(variants),
            configurations={**experiment.configurations, **tuned},
        )
        if flags.set:
            self._sweep(flags)
        if flags.name is not None:
            question = own.question(self.experiment.task_names, self.experiment.variant_names)
            self.experiment = replace(self.experiment, question=question)
        self._build_cells(tasks, flags)
        if named:
            check_each_runs(tasks, variants)

    def _sweep(self, flags: RunFlags) -> None:
        """A variant for each value that --set lists; they train at the rate of the one that they were made of."""
        found = sweep(self.experiment, flags.set)
        self.experiment = replace(self.experiment, variants=found.variants, configurations=found.configurations)
        find_variants(found.variants)  # no two of one name
        if not (flags.select_rates or self.experiment.rates or self.experiment.shared_rate_variant):
            self.experiment = with_rates_of_origins(self.experiment, found.origins)
            if names := rated_origins(self.experiment, found.origins):
                shown = ", ".join(names)
                select = "select_rates=True" if self.python else "--select-rates"
                print(f"the learning rate stays that of {shown}; {select} selects one for each value", file=sys.stderr)

    def run(self, flags: RunFlags, folder: Path) -> Outcome | None:
        experiment = self.experiment
        if flags.baseline is not None:
            look_up(dict.fromkeys(self._possible_baselines(flags, folder)), flags.baseline, "baseline")
        check_shared(flags)
        plan = self._sequential_plan(flags) if flags.adaptive else None
        at_once = jobs_at_once(flags, experiment.name, experiment.one_at_a_time)
        execution = replace(flags.execution(at_once, flags.device, flags.jobs), waits=flags.wait)
        selection = self._selection(flags)
        if selection:
            first = self._jobs(selection, flags.results / rates.FOLDER, flags, None)
            announce(flags, flags.results / rates.FOLDER, f"{experiment.name}, learning rates first", first, at_once)
        after_s = report_seconds(len(self.cells)) if not self.python else 0.0
        name = f"{experiment.name}, at the selected rates" if selection else experiment.name
        jobs = self._jobs(self.cells, folder, flags, None)
        announce(flags, folder, name, jobs, at_once, after_s, {cell.label for cell in selection})
        say_normalised((cell.task, cell.training) for cell in self.cells if cell.algorithm.learns)
        if flags.dry_run:
            return None
        foreign = [job for job in jobs if is_user_environment(job.cell.task.factory)]
        pending = [job.cell.task for job in foreign if not seems_done(job.path)]
        rehearse(pending, flags.cell_timeout, others=len(foreign) < len(jobs))
        if flags.name is not None:
            own.save(folder, flags.experiment, experiment, command_line(flags))
        self._measure_floors(flags, folder)
        if selection:
            selected = rates.select_rates(self._selection(flags), flags.results / rates.FOLDER, execution)
            save_selected(folder, selected)
            self.experiment = with_rates(self.experiment, selected)
            self._build_cells(self.experiment.own_tasks, flags)
        pooling.save_settings(folder, map(hashed_description, self.cells))
        policies = policies_folder(folder, self.cells) if flags.save_policies else None
        with live_logs(flags.log, flags.log_folder, folder.name) as live:

            def train(cells: Sequence[Cell]) -> Outcome:
                jobs = self._jobs(cells, folder, flags, policies)
                return run_jobs(flags, jobs, folder, execution, live, experiment.one_at_a_time, after_s)

            if plan is None:
                return train(self.cells)
            decided: Outcome = _imported(ADAPTIVE).run(replace(plan, experiment=self.experiment), train, folder)
            return decided

    def _selection(self, flags: RunFlags) -> list[Cell]:
        """The populations that select learning rates; without --select-rates none, and a warning where that is unfair."""
        if flags.select_rates:
            return rates.selection_cells(self.experiment, flags.env_steps)
        alike = self.experiment.rates or self.experiment.shared_rate_variant
        command = as_typed(command_line(replace(flags, select_rates=True, dry_run=False)))
        command = "run(..., select_rates=True)" if self.python else command
        if not alike and (text := rates.warning(self.experiment, command)):
            print(text, file=sys.stderr)
        return []

    def report(self, folder: Path, outcome: Outcome, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        # what a report says of settings must not depend on the command: `report` has none
        experiment = replace(self.experiment, configurations=self.declared.configurations)
        written: Path | None = _imported(REPORT).write_report(experiment, outcome, folder, baseline, figure_kinds)
        return written

    def report_folder(self, folder: Path, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        if not has_results(folder):
            raise UsageError(f"{folder} holds no results; run: {run_line(self.experiment.name, folder)}")
        written: Path | None = _imported(REPORT).report_folder(self.experiment, folder, baseline, figure_kinds)
        return written

    def guide_rows(self, folder: Path) -> pd.DataFrame | None:
        rows: pd.DataFrame | None = _imported(REPORT).guide_rows(self.experiment, folder)
        return rows

    def _build_cells(self, tasks: Sequence[Task], flags: RunFlags) -> None:
        """The cells of these tasks, in the experiment with these tasks."""
        experiment = self.experiment = replace(self.experiment, tasks=tuple(tasks))
        self.cells = build_cells(experiment, tasks, experiment.own_variants, flags.env_steps)

    def _jobs(self, cells: Sequence[Cell], folder: Path, flags: RunFlags, policies: Path | None) -> list[CellJob]:
        return [CellJob(cell, runner.cell_path(folder, cell), flags.device, policies) for cell in cells]

    def _measure_floors(self, flags: RunFlags, folder: Path) -> None:
        """Measure floors that are not known; the scales of users' tasks are kept in the folder, for later reports."""
        tasks = with_floors(self.experiment.own_tasks, flags.results)
        own = {task.name for task in self.declared.own_tasks}
        save_scales([task for task in tasks if task.name not in own], folder)
        self._build_cells(tasks, flags)

    def _learners(self) -> list[str]:
        """Variants that learn and can run on every task: those that a baseline can be."""
        return [v.name for v in self.experiment.own_variants if v.learns and not v.exact]

    def _possible_baselines(self, flags: RunFlags, folder: Path) -> list[str]:
        """The learners, and the variants of imported runs. These get no more seeds, so --adaptive cannot take them."""
        if flags.adaptive:
            return self._learners()
        files = imported_cells(folder)
        try:
            return [*self._learners(), *(read_meta(path)["cell"]["algorithm"]["name"] for path in files)]
        except Damaged as error:
            raise UsageError(f"damaged: {error}; remove it and import it again") from error

    def _sequential_plan(self, flags: RunFlags) -> SequentialPlan:
        """What --adaptive is to decide; UsageError where it cannot."""
        names, declared = self._learners(), self.experiment.baseline
        if not names:
            raise UsageError(f"--adaptive compares variants that learn, and {self.experiment.name} has none here")
        baseline = flags.baseline or (declared if declared in names else names[0])
        plan: SequentialPlan = _imported(ADAPTIVE).SequentialPlan(
            self.experiment, baseline, flags.max_seeds, flags.margin, 0.05, flags.env_steps
        )
        return plan


def _imported(module: str) -> Any:
    return importlib.import_module(module)


def check_each_runs(tasks: Sequence[Task], variants: Sequence[Algorithm]) -> None:
    """UsageError for a variant that can run on none of the tasks."""
    for variant in variants:
        reasons = [reason_unsupported(task, variant) for task in tasks]
        if all(reasons):
            raise UsageError(str(reasons[0]))

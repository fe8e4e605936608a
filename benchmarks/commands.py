"""The commands that run something: one frozen dataclass each, its fields the flags."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from benchmarks.usage import check_folder, checking
from envs.validation import UnknownName, UsageError, look_up

if TYPE_CHECKING:
    from benchmarks import adaptive_run
    from benchmarks.design.cell import Cell
    from benchmarks.experiment import Experiment
    from benchmarks.live import Live
    from benchmarks.measurement import Laboratory, Measurement
    from benchmarks.run import Outcome
    from benchmarks.tuning.experiment import Tuning


DONE, FAILED = 0, 1
RESULTS = Path("results")


def positive(name: str, value: int | None) -> None:
    """UsageError for a flag that must be 1 or more."""
    if value is not None and value < 1:
        raise UsageError(f"--{name} must be at least 1, not {value}")


def check_device(device: str) -> None:
    """UsageError for a device that torch cannot use."""
    if device == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {device!r} cannot be used: {str(error).splitlines()[0]}") from error


def live_logs(folder: Path | None, experiment: str) -> contextlib.AbstractContextManager[Live | None]:
    """Live logs under `folder`, or nothing; UsageError where their package is missing."""
    if folder is None:
        return contextlib.nullcontext()
    from benchmarks.live import Live

    return Live(folder, experiment)


@dataclass(frozen=True)
class List:
    """What there is to run."""

    what: Annotated[str, tyro.conf.Positional] = "all"  # tasks, variants, experiments or all
    json: bool = False  # one JSON object on standard output

    def __call__(self) -> int:
        from benchmarks import listing

        kinds = ("tasks", "variants", "experiments")
        if self.what not in (*kinds, "all"):
            raise UnknownName("list", self.what, (*kinds, "all"))
        chosen = kinds if self.what == "all" else (self.what,)
        print(json.dumps(listing.as_json()) if self.json else listing.as_text(chosen))
        return DONE


@dataclass(frozen=True)
class Train:
    """Train one cell and watch it learn."""

    task: str
    variant: str
    seeds: int = 10
    env_steps: int | None = None  # budget of one member; the task's own where it is not given
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()  # estimator.credit.lam=.9, training.discount=1
    actors: int | None = None  # so many processes act while this one learns: fast, and never twice the same
    hogwild: bool = False  # with --actors: they share parameters instead, and there is no learner
    results: Path = RESULTS
    device: str = "cpu"
    tensorboard: Path | None = None  # a folder for live logs (needs the package tensorboard)
    save_policies: bool = False  # what the members have learned, a file each under results/train/policies
    floor: float | None = None  # of the task that is yours: the return that counts 0; measured where it is not given
    ceiling: float | None = None  # of that task: the return that counts 1; without it scores are returns
    threshold: float | None = None  # of that task: the return that counts as solved

    def __call__(self) -> int:
        from algorithms.composition import Processes
        from benchmarks import select
        from benchmarks.design.cells import single_cells
        from benchmarks.scales import ScaleFlags, with_floors
        from benchmarks.train import train_one

        for name in ("seeds", "env_steps", "actors"):
            positive(name.replace("_", "-"), getattr(self, name))
        task, variant = select.task(self.task), select.variant(self.variant)
        (task,) = ScaleFlags(self.floor, self.ceiling, self.threshold).applied([task])
        if self.hogwild and self.actors is None:
            raise UsageError("--hogwild takes --actors N, the number of its workers")
        if self.actors is not None:
            with checking():
                variant = variant.with_processes(Processes(self.actors, hogwild=self.hogwild))
        with checking():
            cells = single_cells(task, variant, self.seeds, self.env_steps, self.set)
        if self.save_policies and (reason := variant.unsaved):
            raise UsageError(f"--save-policies: {variant.name} {reason}")
        check_device(self.device)
        folder = self.results / "train"
        check_outputs(self.results, folder, ("cells",), self.save_policies, self.tensorboard)
        (task,) = with_floors([task], self.results)
        cells = [replace(cell, task=task) for cell in cells]
        policies = policies_folder(folder, cells) if self.save_policies else None
        with live_logs(self.tensorboard, "train") as live:
            return train_one(cells, folder, self.device, live, policies)


@dataclass(frozen=True)
class Run:
    """Train the cells of an experiment that have no result yet, then write its report."""

    experiment: Annotated[str, tyro.conf.Positional]
    tasks: str | None = None  # a,b: instead of the experiment's
    variants: str | None = None  # x,y: instead of the experiment's
    seeds: int | None = None
    env_steps: int | None = None  # budget of one member
    jobs: int | None = None  # processes at once; the number of processors where it is not given
    results: Path = RESULTS  # holds one folder an experiment
    device: str = "cpu"
    smoke: bool = False  # the experiment at its smallest size
    dry_run: bool = False  # say what would run, and stop
    baseline: str | None = None  # whom all others are held against; the experiment's own where it is not given
    adaptive: bool = False  # add blocks of seeds until every variant's place against the baseline is decided
    max_seeds: int = 40  # --adaptive stops there
    margin: float = (
        0.05  # --adaptive: a difference of the score, or of the return where a task has no ceiling, that counts as none
    )
    tensorboard: Path | None = None  # a folder for live logs (needs the package tensorboard)
    tuned: bool = False  # every variant in the configuration that `tune` chose for it on each task
    study: str = "tuned"  # --tuned: which of them, a folder under --results
    save_policies: bool = False  # what the members have learned, a file each in the experiment's folder policies
    floor: float | None = None  # of the task that is yours: the return that counts 0; measured where it is not given
    ceiling: float | None = None  # of that task: the return that counts 1; without it scores are returns
    threshold: float | None = None  # of that task: the return that counts as solved

    def __call__(self) -> int:
        from benchmarks import adaptive_run, select
        from benchmarks import run as runner
        from benchmarks.experiment import Experiment
        from benchmarks.reports.report import write_report
        from benchmarks.store.sources import readable
        from benchmarks.tuning.experiment import Tuning

        for name in ("seeds", "env_steps", "jobs"):
            positive(name.replace("_", "-"), getattr(self, name))
        if isinstance(select.experiment(self.experiment), Tuning):
            return self._tune()
        with checking():
            experiment, cells = plan(self)
        folder = folder_of(self.results, experiment, self.smoke, self.tuned)
        baseline = self._held_against(experiment, folder)
        adaptive = self._plan_adaptive(experiment)
        check_device(self.device)
        if self.tensorboard is not None:
            from benchmarks import live as logs

            logs.check()
        if not self.dry_run:
            parts = ("cells", "tables", "figures")
            check_outputs(self.results, folder, parts, self.save_policies, self.tensorboard)
        alone = getattr(experiment, "alone", False)
        at_once = self._at_once(experiment.name, alone)
        waiting = [c for c in cells if not readable(runner.cell_path(folder, c))]
        if self.dry_run:
            for cell in waiting:
                steps = f"{cell.env_steps:,} steps" if cell.total_env_steps else "no training"
                print(f"{cell.label}: {len(cell.members.seeds)} members x {steps}")
        print(f"{experiment.name}: {runner.expected(waiting, at_once)}, {at_once} at once", file=sys.stderr)
        if self.dry_run:
            return DONE
        experiment, cells = self._measured(experiment, cells, folder)
        if adaptive and isinstance(experiment, Experiment):
            adaptive = replace(adaptive, experiment=experiment)
        policies = policies_folder(folder, cells) if self.save_policies else None
        with live_logs(self.tensorboard, folder.name) as live:

            def train(of: Sequence[Cell | Measurement]) -> Outcome:
                return runner.run(of, folder, at_once, self.device, live, alone, policies)

            outcome = adaptive_run.run(adaptive, train, folder) if adaptive else train(cells)
        if written := write_report(experiment, outcome, folder, baseline):
            print(written)
        return FAILED if outcome.failures else DONE

    def _measured(
        self, experiment: Experiment | Laboratory, cells: Sequence[Cell | Measurement], folder: Path
    ) -> tuple[Experiment | Laboratory, Sequence[Cell | Measurement]]:
        """With the floors of tasks that have none; the scales of users' tasks are kept in the folder, for later reports."""
        from benchmarks import select
        from benchmarks.experiment import Experiment
        from benchmarks.scales import keep, with_floors
        from envs.api import Task

        if not isinstance(experiment, Experiment):
            return experiment, cells
        tasks = with_floors([t for t in experiment.tasks if isinstance(t, Task)], self.results)
        original = select.experiment(self.experiment)
        assert isinstance(original, Experiment)
        own = {t.name for t in (original.smoke() if self.smoke else original).tasks if isinstance(t, Task)}
        keep([t for t in tasks if t.name not in own], folder)
        by_name = {task.name: task for task in tasks}
        return replace(experiment, tasks=tuple(tasks)), [replace(c, task=by_name[c.task.name]) for c in cells]

    def _tune(self) -> int:
        """Run an experiment that is made of studies."""
        from benchmarks import select
        from benchmarks.commands_tuning import plans_of_experiment, tune
        from benchmarks.scales import ScaleFlags
        from benchmarks.tuning.experiment import Tuning

        chosen = select.experiment(self.experiment)
        assert isinstance(chosen, Tuning)
        for name in ("seeds", "baseline", "adaptive", "tensorboard", "tuned", "save_policies"):
            if getattr(self, name):
                raise UsageError(f"--{name.replace('_', '-')} has no meaning for {chosen.name}, whose rows are studies")
        chosen = chosen.smoke() if self.smoke else chosen
        chosen = replace(chosen, name=folder_of(Path(), chosen, self.smoke).name)
        tasks = [select.task(n) for n in (select.split(self.tasks) if self.tasks is not None else chosen.tasks)]
        tasks = ScaleFlags(self.floor, self.ceiling, self.threshold).applied(tasks)
        named = select.split(self.variants) if self.variants is not None else chosen.variants
        if self.env_steps is not None:
            chosen = replace(chosen, env_steps={task.name: self.env_steps for task in tasks})
        plans = plans_of_experiment(chosen, tasks, [select.variant(n) for n in named])
        return tune(plans, chosen.question, self.results, None, self.jobs, self.device, self.dry_run)

    def _at_once(self, name: str, alone: bool) -> int:
        """Cells at once; UsageError for more than one where seconds are what is measured."""
        if not alone:
            return self.jobs or available_processors()
        if self.jobs is not None and self.jobs > 1:
            raise UsageError(f"{name} measures seconds and runs one cell after another: --jobs 1, not {self.jobs}")
        return 1

    def _held_against(self, experiment: Experiment | Laboratory, folder: Path) -> str | None:
        """The named baseline, or None for the experiment's own; UnknownName before any compute."""
        if self.baseline is not None:
            names = learners(experiment)
            if not self.adaptive:  # imported runs get no more seeds
                from benchmarks.store.files import Damaged
                from benchmarks.store.sources import imported_cells, read_meta

                files = imported_cells(folder)
                try:
                    names = [*names, *(read_meta(path)["cell"]["algorithm"]["name"] for path in files)]
                except Damaged as error:
                    raise UsageError(f"damaged: {error}; remove it and import it again") from error
            look_up(dict.fromkeys(names), self.baseline, "baseline")
        return self.baseline

    def _plan_adaptive(self, experiment: Experiment | Laboratory) -> adaptive_run.Plan | None:
        """What --adaptive is to decide; UsageError where it cannot."""
        from benchmarks.adaptive_run import Plan
        from benchmarks.experiment import Experiment

        if not self.adaptive:
            return None
        if not isinstance(experiment, Experiment) or experiment.rates:
            raise UsageError(f"--adaptive adds seeds to compare variants; {experiment.name} does not compare seeds")
        names = learners(experiment)
        base = self.baseline or (experiment.baseline if experiment.baseline in names else names[0])
        return Plan(experiment, base, self.max_seeds, self.margin, 0.05, self.env_steps)


@dataclass(frozen=True)
class Speed:
    """Measure this machine: ours and the installed peers, alternating, medians."""

    json: bool = False  # one JSON object on standard output, with the machine and the versions
    repeats: int = 5

    def __call__(self) -> int:
        from benchmarks import speed
        from benchmarks.provenance import provenance

        positive("repeats", self.repeats)
        rows = speed.measure(self.repeats)
        found = {"rows": rows, "provenance": provenance()}
        print(json.dumps(found, indent=1) if self.json else speed.as_text(rows))
        return DONE


@dataclass(frozen=True)
class Pages:
    """Write the pages that are made from the code: every text task (docs/tasks), all variants (docs/variants.md)."""

    def __call__(self) -> int:
        from benchmarks import pages, variant_page

        for path in (*pages.write(Path()), variant_page.write(Path())):
            print(path)
        return DONE


def learners(experiment: Experiment | Laboratory) -> list[str]:
    """Variants that learn and may stand on every task: those that a baseline can be."""
    chosen = (v for v in getattr(experiment, "variants", ()) if not isinstance(v, str))
    return [v.name for v in chosen if v.learns and not v.exact]


def check_outputs(
    results: Path, folder: Path, parts: Sequence[str], policies: bool = False, tensorboard: Path | None = None
) -> None:
    """UsageError where a folder that a command will write cannot be written: found before the work and not after it."""
    check_folder(results, "--results")
    for part in (*parts, *(["policies"] if policies else [])):
        check_folder(folder / part, "--results")
    if tensorboard is not None:
        check_folder(tensorboard, "--tensorboard")


def available_processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def folder_of(results: Path, experiment: Experiment | Laboratory | Tuning, smoke: bool, tuned: bool = False) -> Path:
    """Where an experiment's results lie: those of other sizes and settings stand beside it."""
    return results / (experiment.name + ("-smoke" if smoke else "") + ("-tuned" if tuned else ""))


def policies_folder(folder: Path, cells: Sequence[Cell | Measurement]) -> Path:
    """Where an experiment's policies lie; says on standard error which of the cells will have none there, and why."""
    from benchmarks import policies
    from benchmarks.design.cell import Cell

    of = folder / "policies"
    for line in policies.absent([c for c in cells if isinstance(c, Cell)], folder / "cells", of):
        print(f"--save-policies: {line}", file=sys.stderr)
    return of


def plan(args: Run) -> tuple[Experiment | Laboratory, Sequence[Cell | Measurement]]:
    """The experiment as the flags resize it, and its cells."""
    from benchmarks import foreign, select
    from benchmarks.design.cells import build_cells
    from benchmarks.design.resolve import reason_unsupported
    from benchmarks.measurement import Laboratory
    from benchmarks.scales import ScaleFlags, check_averaged
    from benchmarks.tuning.experiment import Tuning
    from benchmarks.tuning.lookup import configurations
    from envs.api import Task

    experiment = select.experiment(args.experiment)
    assert not isinstance(experiment, Tuning)
    if args.smoke:
        experiment = experiment.smoke()
    if args.tuned and (isinstance(experiment, Laboratory) or experiment.rates or experiment.rates_of):
        raise UsageError(f"--tuned has no meaning for {experiment.name}, which has settings of its own")
    if isinstance(experiment, Laboratory):
        for flag in ("floor", "ceiling", "threshold"):
            if getattr(args, flag) is not None:
                raise UsageError(f"--{flag} has no meaning for {experiment.name}, whose tasks have scales")
        if args.save_policies:
            raise UsageError(f"--save-policies has no meaning for {experiment.name}, which trains no policies")
        laboratory = select.laboratory(experiment, args.variants, args.tasks, args.seeds, args.env_steps)
        return laboratory, laboratory.measurements
    if args.seeds is not None:
        experiment = replace(experiment, seeds=args.seeds, seeds_of={})
    tasks = select.tasks(experiment, select.split(args.tasks) if args.tasks is not None else None)
    own = [t.name for t in experiment.tasks if isinstance(t, Task)]
    tasks = ScaleFlags(args.floor, args.ceiling, args.threshold).applied(tasks, own)
    if experiment.rates:
        check_averaged(tasks, experiment.name)
    foreign.check_installed(tasks)
    named = select.split(args.variants) if args.variants is not None else None
    variants = select.variants(experiment, named)
    tuned = configurations(args.results / args.study, tasks, variants) if args.tuned else {}
    cells = build_cells(experiment, tasks, variants, args.env_steps, tuned)
    for variant in variants if named else ():
        reasons = [reason_unsupported(task, variant) for task in tasks]
        if all(reasons):
            raise UsageError(str(reasons[0]))
    return replace(experiment, tasks=tuple(tasks), variants=tuple(variants)), cells

"""The command line: tyro over frozen dataclasses, one class a command, and one-line errors before any compute."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from envs.discover import UnknownName

if TYPE_CHECKING:
    from algorithms.types import Variant
    from benchmarks.experiment import Cell, Experiment
    from benchmarks.measurement import Laboratory, Measurement
    from envs.api import Task

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
RESULTS = Path("results")


def _positive(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError(f"--{name} must be at least 1, not {value}")


def _check_device(device: str) -> None:
    if device == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"--device {device!r} cannot be used: {str(error).splitlines()[0]}") from error


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
    results: Path = RESULTS
    device: str = "cpu"

    def __call__(self) -> int:
        from benchmarks import select
        from benchmarks.train import train_one

        _positive("seeds", self.seeds)
        _positive("env-steps", self.env_steps)
        task, variant = select.task(self.task), select.variant(self.variant)
        cells = single_cells(task, variant, self.seeds, self.env_steps, self.set)
        _check_device(self.device)
        return train_one(cells, self.results / "train", self.device)


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

    def __call__(self) -> int:
        from benchmarks import run as runner
        from benchmarks.report_cells import write_report

        for name in ("seeds", "env_steps", "jobs"):
            _positive(name.replace("_", "-"), getattr(self, name))
        experiment, cells = plan(self)
        _check_device(self.device)
        at_once = self.jobs or available_processors()
        folder = self.results / (experiment.name + ("-smoke" if self.smoke else ""))
        waiting = [c for c in cells if not runner.cell_path(folder, c).exists()]
        if self.dry_run:
            for cell in waiting:
                steps = f"{cell.env_steps:,} steps" if cell.variant.update.trains else "no training"
                print(f"{cell.label}: {len(cell.members.seeds)} members x {steps}")
        print(f"{experiment.name}: {runner.expected(waiting, at_once)}, {at_once} at once", file=sys.stderr)
        if self.dry_run:
            return DONE
        outcome = runner.run(cells, folder, at_once, self.device)
        if written := write_report(experiment, outcome, folder):
            print(written)
        return FAILED if outcome.failures else DONE


@dataclass(frozen=True)
class Report:
    """Write the report of the cells that an experiment has on disk; trains nothing."""

    experiment: Annotated[str, tyro.conf.Positional]
    results: Path = RESULTS
    smoke: bool = False  # of the smoke run

    def __call__(self) -> int:
        from benchmarks import select
        from benchmarks.report_cells import report_folder

        experiment = select.experiment(self.experiment)
        experiment = experiment.smoke() if self.smoke else experiment
        folder = self.results / (experiment.name + ("-smoke" if self.smoke else ""))
        if not any((folder / "cells").glob("*__*")):
            raise ValueError(f"{folder} holds no results; run: python -m benchmarks run {experiment.name}")
        print(report_folder(experiment, folder))
        return DONE


@dataclass(frozen=True)
class Speed:
    """Measure this machine: ours and the installed peers, alternating, medians."""

    json: bool = False  # one JSON object on standard output
    repeats: int = 5

    def __call__(self) -> int:
        from benchmarks import speed

        _positive("repeats", self.repeats)
        rows = speed.measure(self.repeats)
        print(json.dumps({"rows": rows}) if self.json else speed.as_text(rows))
        return DONE


@dataclass(frozen=True)
class Pages:
    """Write the pages that are made from the code: every text task (docs/tasks), all variants (docs/variants.md)."""

    def __call__(self) -> int:
        from benchmarks import pages, variant_page

        for path in (*pages.write(Path()), variant_page.write(Path())):
            print(path)
        return DONE


@dataclass(frozen=True)
class Tune:
    """Optuna studies."""

    def __call__(self) -> int:
        raise ValueError("tune is not part of this release; compare learning rates with: run learning_rates")


COMMANDS: dict[str, type] = {
    "list": List,
    "train": Train,
    "run": Run,
    "report": Report,
    "speed": Speed,
    "pages": Pages,
    "tune": Tune,
}


def available_processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan(args: Run) -> tuple[Experiment | Laboratory, Sequence[Cell | Measurement]]:
    """The experiment as the flags resize it, and its cells."""
    from benchmarks import select
    from benchmarks.experiment import build_cells, why_not
    from benchmarks.measurement import Laboratory

    experiment = select.experiment(args.experiment)
    if args.smoke:
        experiment = experiment.smoke()
    if isinstance(experiment, Laboratory):
        laboratory = select.laboratory(experiment, args.variants, args.tasks, args.seeds, args.env_steps)
        return laboratory, laboratory.measurements
    if args.seeds is not None:
        experiment = replace(experiment, seeds=args.seeds)
    tasks = select.tasks(experiment, select.split(args.tasks) if args.tasks is not None else None)
    named = select.split(args.variants) if args.variants is not None else None
    variants = select.variants(experiment, named)
    cells = build_cells(experiment, tasks, variants, args.env_steps)
    for variant in variants if named else ():
        reasons = [why_not(task, variant) for task in tasks]
        if all(reasons):
            raise ValueError(str(reasons[0]))
    return replace(experiment, tasks=tuple(tasks), variants=tuple(variants)), cells


def single_cells(
    task: Task, variant: Variant, seeds: int, env_steps: int | None, assignments: tuple[str, ...]
) -> list[Cell]:
    """The cells of `train`: one task and variant with fields set on the command line."""
    from algorithms.evaluation import Evaluation
    from algorithms.training import Members
    from benchmarks import select, settings
    from benchmarks.experiment import Cell, blocks, training_for, why_not

    if reason := why_not(task, variant):
        raise ValueError(reason)
    training, variant = select.override(training_for(task, variant), variant, assignments)
    budget = env_steps or settings.budget(task)
    rate = training.learning_rate
    return [
        Cell(task, variant, training, Members(block, (rate,) * len(block)), budget, Evaluation())
        for block in blocks(seeds)
    ]


def _known_flags(command: type) -> list[str]:
    names = [f.name for f in fields(command)]
    return ["--help", *(f"--{n.replace('_', '-')}" for n in names)]


def _check_words(argv: list[str]) -> type:
    """The command's class; UnknownName for a command or a flag that there is not."""
    command = COMMANDS.get(argv[0]) if argv else None
    if command is None:
        raise UnknownName("command", argv[0] if argv else "", COMMANDS)
    known = _known_flags(command)
    for word in argv[1:]:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag.replace("_", "-").replace("--no-", "--") not in known:
            raise UnknownName(f"flag of {argv[0]}", flag, known)
    return command


def _parse(command: type, name: str, words: list[str]) -> object:
    """tyro's parse, its boxed errors condensed to one line."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(command, prog=f"python -m benchmarks {name}", args=words)
    except SystemExit as end:
        if not end.code:
            raise
        lines = (line.strip("╭╮╰╯│─ \t") for line in said.getvalue().splitlines())
        kept = [line for line in lines if line and not line.startswith(("Parsing error", "For full helptext"))]
        raise ValueError("; ".join(kept) or "the arguments do not fit") from None


def main(argv: list[str]) -> int:
    """Run one command; 0 done, 1 a cell failed, 2 bad usage, 130 interrupted."""
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: python -m benchmarks COMMAND [--help]\n")
        for name, command in COMMANDS.items():
            print(f"  {name:8} {(command.__doc__ or '').splitlines()[0]}")
        return DONE if argv else USAGE
    try:
        command = _check_words(argv)
        return int(_parse(command, argv[0], argv[1:])())  # type: ignore[operator]
    except SystemExit as end:  # --help
        return int(end.code or 0)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("interrupted; what had finished is kept, and the same command goes on from there", file=sys.stderr)
        return INTERRUPTED

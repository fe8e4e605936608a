"""`run` trains variants on tasks through the harness of the command line; `load` reads a folder of results."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from algorithms.algorithm import Algorithm
from benchmarks.api.result import Result
from benchmarks.cli.kinds.comparison import ComparisonRun, check_each_runs
from benchmarks.cli.lookup import split
from benchmarks.cli.options import RunFlags
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports.report import pooled_cells
from benchmarks.store.file_names import file_safe
from benchmarks.store.files import Damaged
from benchmarks.store.sources import experiments_under, has_results
from benchmarks.validation.numbers import whole_number
from benchmarks.validation.usage import WorkFailed, user_errors
from envs.api import Task
from envs.validation import UsageError

T = TypeVar("T")
FLAG = re.compile(r"--([a-z][a-z-]*)")
QUESTION = "Which variant has the higher score?"


def run(
    tasks: str | Task | Sequence[str | Task],
    variants: str | Algorithm | Sequence[str | Algorithm],
    *,
    seeds: int = 10,
    env_steps: float | None = None,
    name: str = "notebook",
    results: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    device: str = "cpu",
    floor: float | None = None,
    ceiling: float | None = None,
    threshold: float | None = None,
    save_policies: bool = False,
    progress: bool = True,
) -> Result:
    """Train every variant on every task that it can run on, and return all runs.

    Runs that are done are read, not trained again. An interrupted call goes on where it stopped when it is given again.
    Workers are processes of their own. They do not run the caller's script or notebook: what is defined there goes to them
    by value, so a script needs no `if __name__ == "__main__"`.

    tasks          a name as on the command line (`lock/medium`, `gymnasium:Acrobot-v1`, `module:TASK`), a Task, or several
    variants       a name (`gae`, `module:VARIANT`), a Variant, or several
    seeds          how many seeds of each
    env_steps      environment steps of a seed; None: each task's own budget
    name, results  the runs lie under results/name/cells
    jobs           worker processes; None: one for each processor
    floor, ceiling, threshold   of the one task that is yours: the returns that count 0 and 1, and as solved
    save_policies  also write what the members have learned, under results/name/policies
    progress       say on standard error what is trained, how fast, and how much is left

    UsageError before any work for what cannot be. WorkFailed where a cell failed; the others are kept.
    """
    task_list, variant_list = _as_list("tasks", tasks), _as_list("variants", variants)
    if name != file_safe(name):
        raise UsageError(f"name becomes the name of a folder: {file_safe(name)!r}, say, not {name!r}")
    flags = RunFlags(
        name, seeds=_count("seeds", seeds), env_steps=None if env_steps is None else _count("env_steps", env_steps),
        jobs=None if jobs is None else _count("jobs", jobs), results=Path(results), device=device, floor=floor,
        ceiling=ceiling, threshold=threshold, save_policies=save_policies,
    )  # fmt: skip
    experiment = ComparisonExperiment(name, QUESTION, tuple(task_list), tuple(variant_list))
    training, folder = ComparisonRun(experiment, reports=False), flags.results / name
    with _arguments_for_flags(), contextlib.nullcontext() if progress else contextlib.redirect_stderr(io.StringIO()):
        with user_errors():
            training.select(flags)
        check_each_runs(training.experiment.own_tasks, training.experiment.own_variants)
        outcome = training.run(flags, folder)
    assert outcome is not None  # None stands for a dry run
    if outcome.failures:
        raise WorkFailed("; ".join(outcome.failures))
    return Result(training.experiment, outcome.paths, folder)


def load(folder: str | os.PathLike[str]) -> Result:
    """The results of a folder such as results/ladder or results/reference/ladder, as `run` returns them.

    UsageError where it holds none, or rows that are no one sample.
    """
    place = Path(folder)
    if not has_results(place):
        near = experiments_under(place)
        hint = f"; under it are {', '.join(near)}" if near else ""
        raise UsageError(f"{place} holds no results: name a folder such as results/ladder{hint}")
    known = EXPERIMENTS.get(place.name)
    experiment = (
        known if isinstance(known, ComparisonExperiment) else ComparisonExperiment(place.name, QUESTION, (), ())
    )
    try:
        return Result(experiment, tuple(pooled_cells(place)), place)
    except Damaged as error:
        raise UsageError(f"damaged, in {place}: {error}") from error


def _as_list(argument: str, given: str | T | Sequence[str | T]) -> list[str | T]:
    """One or several, as a list; a string may name several, separated by commas, as on the command line."""
    if isinstance(given, str):
        return [*split(given)]
    several = list(given) if isinstance(given, Sequence) else [given]
    if not several:
        raise UsageError(f"{argument} names nothing")
    return several


def _count(name: str, value: float) -> int:
    """A whole number of at least 1, also where it is written as 2e5."""
    try:
        number = whole_number(str(value))
    except ValueError as error:
        raise UsageError(f"{name} takes {error}") from None
    if number < 1:
        raise UsageError(f"{name} must be at least 1, not {value}")
    return number


@contextlib.contextmanager
def _arguments_for_flags() -> Iterator[None]:
    """Errors that name a flag of the command line name the argument instead."""
    try:
        yield
    except UsageError as error:
        text = FLAG.sub(lambda match: match[1].replace("-", "_"), str(error))
        if text == str(error):
            raise
        raise UsageError(text) from None

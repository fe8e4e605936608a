"""`run` trains variants on tasks through the harness of the command line; `load` reads a folder of results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from algorithms.algorithm import Algorithm
from benchmarks.api.arguments import arguments_for_flags, as_list, assignments, count, said
from benchmarks.api.result import Result
from benchmarks.cli.kinds.comparison import ComparisonRun, check_each_runs
from benchmarks.cli.options import RunFlags, results_folder
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports.report import pooled_cells
from benchmarks.store.file_names import file_safe
from benchmarks.store.files import Damaged
from benchmarks.store.sources import experiments_under, has_results
from benchmarks.validation.usage import WorkFailed, user_errors
from envs.api import Task
from envs.validation import UsageError

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
    sets: Mapping[str, object] | Sequence[str] = (),
    select_rates: bool = False,
    tuned: bool = False,
    study: str = "tuned",
    adaptive: bool = False,
    baseline: str | None = None,
    max_seeds: int = 40,
    margin: float = 0.05,
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
    name, results  the runs lie under results/name/cells; with `tuned`, under results/name-tuned/cells
    jobs           worker processes; None: one for each processor
    sets           values of fields: {"estimator.credit.lam": [0.9, 0.95, 1]} makes three variants of each that has it
    select_rates   first select a learning rate for every variant that has none
    tuned, study   every variant in the configuration that `tune` chose for it; of the study under results/study
    adaptive       add blocks of ten seeds until every variant's place against `baseline` is decided, at most `max_seeds`;
                   differences below `margin` count as none; baseline None: the first variant that learns
    floor, ceiling, threshold   of the one task that is yours: the returns that count 0 and 1, and as solved
    save_policies  also write what the members have learned, under results/name/policies
    progress       say on standard error what is trained, how fast, and how much is left

    UsageError before any work for what cannot be. WorkFailed where a cell failed; the others are kept.
    """
    task_list, variant_list = as_list("tasks", tasks), as_list("variants", variants)
    if name != file_safe(name):
        raise UsageError(f"name becomes the name of a folder: {file_safe(name)!r}, say, not {name!r}")
    if baseline is not None and not adaptive:
        raise UsageError("baseline is that of adaptive=True; compare(result, baseline=...) takes one at any time")
    flags = RunFlags(
        name, seeds=count("seeds", seeds), env_steps=None if env_steps is None else count("env_steps", env_steps),
        jobs=None if jobs is None else count("jobs", jobs), results=Path(results), device=device, floor=floor,
        ceiling=ceiling, threshold=threshold, save_policies=save_policies, set=assignments(sets), tuned=tuned,
        select_rates=select_rates, study=study, adaptive=adaptive, baseline=baseline,
        max_seeds=count("max_seeds", max_seeds), margin=margin,
    )  # fmt: skip
    experiment = ComparisonExperiment(name, QUESTION, tuple(task_list), tuple(variant_list))
    training = ComparisonRun(experiment, python=True)
    folder = results_folder(flags.results, experiment, smoke=False, tuned=tuned)
    with arguments_for_flags(), said(progress):
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

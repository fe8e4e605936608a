"""From names on a command line to tasks, variants and experiments; every mistake is one line with the nearest names."""

from __future__ import annotations

from collections.abc import Sequence

from algorithms import ALGORITHMS
from algorithms.algorithm import Algorithm
from algorithms.variant import Variant
from benchmarks import EXPERIMENTS, foreign
from benchmarks.experiment import Experiment
from benchmarks.measurement import Laboratory
from benchmarks.tuning.experiment import Tuning
from envs import TASKS
from envs.api import Task
from envs.validation import UsageError, look_up

SB3 = "sb3:"  # names of ours that have a colon
ALIASES = {"async_none": "async"}  # among its siblings: stale, with no correction


def task(name: str) -> Task:
    """A registered task, `gymnasium:<id>`, or `module:CONSTANT`."""
    if name.startswith("gymnasium:"):
        return foreign.gymnasium_task(name.removeprefix("gymnasium:"))
    return foreign.task(name, TASKS) if ":" in name else look_up(TASKS, name, "task")


def variant(name: str) -> Algorithm:
    """A registered variant, by its name or another that it has, or `module:CONSTANT`."""
    if ":" in name and not name.startswith(SB3):
        return foreign.constant(name, Variant, ALGORITHMS)
    return look_up(ALGORITHMS, ALIASES.get(name, name), "variant")


def experiment(name: str) -> Experiment | Laboratory | Tuning:
    """A registered experiment."""
    return look_up(EXPERIMENTS, name, "experiment")


def tasks(experiment: Experiment, names: list[str] | None) -> list[Task]:
    """The experiment's tasks, or the named ones: its own by their names, and any other."""
    own = {t.name: t for t in experiment.tasks if isinstance(t, Task)}
    found = [own[n] if n in own else task(n) for n in names or experiment.task_names]
    _check_unique("tasks", found)
    return found


def variants(experiment: Experiment, names: list[str] | None) -> list[Algorithm]:
    """The experiment's variants, or the named ones: its own by their names, and any other."""
    own = {v.name: v for v in experiment.variants if not isinstance(v, str)}
    found = [own[n] if n in own else variant(n) for n in names or experiment.variant_names]
    _check_unique("variants", found)
    return found


def _check_unique(kind: str, found: Sequence[Task | Algorithm]) -> None:
    """UsageError where two have one name: a report would take their rows for one sample."""
    names = [one.name for one in found]
    if twice := next((n for i, n in enumerate(names) if n in names[:i]), None):
        raise UsageError(f"two {kind} are called {twice!r}; give one of them another name")


def laboratory(
    lab: Laboratory, variants: str | None, tasks: str | None, seeds: int | None, env_steps: int | None
) -> Laboratory:
    """The laboratory with the named variants alone; UsageError for what has no meaning there."""
    for flag, value in (("tasks", tasks), ("seeds", seeds), ("env-steps", env_steps)):
        if value is not None:
            raise UsageError(f"--{flag} has no meaning for {lab.name}, whose places are fixed; --variants narrows it")
    if variants is None:
        return lab
    named = split(variants)
    for name in named:
        look_up(dict.fromkeys(lab.variant_names), name, f"variant of {lab.name}")
    return lab.only(named)


def split(names: str) -> list[str]:
    """`a,b` as a list; UsageError where it is empty."""
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not found:
        raise UsageError(f"{names!r} names nothing")
    return list(dict.fromkeys(found))

"""From names on a command line to tasks, variants and experiments; every mistake is one line with the nearest names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from algorithms import VARIANTS
from algorithms.asynchronous.learner import unfit
from algorithms.processes import Processes
from algorithms.types import Variant
from benchmarks import EXPERIMENTS, foreign
from benchmarks.experiment import Experiment
from benchmarks.measurement import Laboratory
from benchmarks.tuning.experiment import Tuning
from envs import TASKS
from envs.api import Task
from envs.validation import UsageError, look_up

PEERS = "sb3:"  # names of ours that have a colon
ALIASES = {"async_none": "async"}  # among its siblings: stale, with no correction


def task(name: str) -> Task:
    """A registered task, `gymnasium:<id>`, or `module:CONSTANT`."""
    if name.startswith("gymnasium:"):
        return foreign.gymnasium_task(name.removeprefix("gymnasium:"))
    return foreign.task(name, TASKS) if ":" in name else look_up(TASKS, name, "task")


def variant(name: str) -> Variant:
    """A registered variant, by its name or another that it has, or `module:CONSTANT`."""
    if ":" in name and not name.startswith(PEERS):
        return foreign.constant(name, Variant, VARIANTS)
    return look_up(VARIANTS, ALIASES.get(name, name), "variant")


def with_processes(variant: Variant, actors: int, hogwild: bool) -> Variant:
    """The variant with real actors in place of its lag or its simulated ones; UsageError where it cannot have them."""
    processes = Processes(actors, hogwild=hogwild)
    schedule = replace(variant.schedule, lag=0, actors=None, gradient="newest", processes=processes)
    workers = f"{actors} Hogwild workers" if hogwild else f"{actors} actors"
    made = replace(variant, name=f"{variant.name} ({workers})", schedule=schedule)
    if reason := unfit(made):
        raise UsageError(f"{variant.name} {reason}")
    return made


def experiment(name: str) -> Experiment | Laboratory | Tuning:
    """A registered experiment."""
    return look_up(EXPERIMENTS, name, "experiment")


def tasks(experiment: Experiment, names: list[str] | None) -> list[Task]:
    """The experiment's tasks, or the named ones: its own by their names, and any other."""
    own = {t.name: t for t in experiment.tasks if isinstance(t, Task)}
    found = [own[n] if n in own else task(n) for n in names or experiment.task_names]
    _check_unique("tasks", found)
    return found


def variants(experiment: Experiment, names: list[str] | None) -> list[Variant]:
    """The experiment's variants, or the named ones: its own by their names, and any other."""
    own = {v.name: v for v in experiment.variants if isinstance(v, Variant)}
    found = [own[n] if n in own else variant(n) for n in names or experiment.variant_names]
    _check_unique("variants", found)
    return found


def _check_unique(kind: str, found: Sequence[Task | Variant]) -> None:
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

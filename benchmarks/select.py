"""From names on a command line to tasks, variants and experiments; every mistake is one line with the nearest names."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from algorithms import VARIANTS
from algorithms.asynchronous import unfit
from algorithms.processes import Processes
from algorithms.setting import Training
from algorithms.tunable import configured
from algorithms.types import Variant
from benchmarks import EXPERIMENTS
from benchmarks.experiment import Experiment
from benchmarks.measurement import Laboratory
from benchmarks.tuning.experiment import Tuning
from envs import TASKS
from envs.api import Task
from envs.discover import UnknownName, look_up

Kind = TypeVar("Kind", Task, Variant)
PEERS = "sb3:"  # names of ours that have a colon
ALIASES = {"async_none": "async"}  # among its siblings: stale, with no correction


def task(name: str) -> Task:
    """A registered task, `gymnasium:<id>`, or `module:CONSTANT`."""
    if name.startswith("gymnasium:"):
        from envs.control.factory import any_gymnasium

        return any_gymnasium(name.removeprefix("gymnasium:"))
    if ":" in name:
        from envs.control.factory import identified

        return identified(_foreign(name, Task))
    return look_up(TASKS, name, "task")


def variant(name: str) -> Variant:
    """A registered variant, by its name or another that it has, or `module:CONSTANT`."""
    foreign = ":" in name and not name.startswith(PEERS)
    return _foreign(name, Variant) if foreign else look_up(VARIANTS, ALIASES.get(name, name), "variant")


def with_processes(variant: Variant, actors: int, hogwild: bool) -> Variant:
    """The variant with real actors in place of its lag or its simulated ones; ValueError where it cannot have them."""
    processes = Processes(actors, hogwild=hogwild)
    schedule = replace(variant.schedule, lag=0, actors=None, gradient="newest", processes=processes)
    workers = f"{actors} Hogwild workers" if hogwild else f"{actors} actors"
    made = replace(variant, name=f"{variant.name} ({workers})", schedule=schedule)
    if reason := unfit(made):
        raise ValueError(f"{variant.name} {reason}")
    return made


def experiment(name: str) -> Experiment | Laboratory | Tuning:
    """A registered experiment."""
    return look_up(EXPERIMENTS, name, "experiment")


def tasks(experiment: Experiment, names: list[str] | None) -> list[Task]:
    """The experiment's tasks, or the named ones: its own by their names, and any other."""
    own = {t.name: t for t in experiment.tasks if isinstance(t, Task)}
    return [own[n] if n in own else task(n) for n in names or experiment.task_names]


def variants(experiment: Experiment, names: list[str] | None) -> list[Variant]:
    """The experiment's variants, or the named ones: its own by their names, and any other."""
    own = {v.name: v for v in experiment.variants if isinstance(v, Variant)}
    return [own[n] if n in own else variant(n) for n in names or experiment.variant_names]


def laboratory(
    lab: Laboratory, variants: str | None, tasks: str | None, seeds: int | None, env_steps: int | None
) -> Laboratory:
    """The laboratory with the named variants alone; ValueError for what has no meaning there."""
    for flag, value in (("tasks", tasks), ("seeds", seeds), ("env-steps", env_steps)):
        if value is not None:
            raise ValueError(f"--{flag} has no meaning for {lab.name}, whose places are fixed; --variants narrows it")
    if variants is None:
        return lab
    named = split(variants)
    for name in named:
        look_up(dict.fromkeys(lab.variant_names), name, f"variant of {lab.name}")
    return lab.only(named)


def split(names: str) -> list[str]:
    """`a,b` as a list; ValueError where it is empty."""
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not found:
        raise ValueError(f"{names!r} names nothing")
    return list(dict.fromkeys(found))


def _foreign(name: str, kind: type[Kind]) -> Kind:
    module, _, constant = name.partition(":")
    try:
        value = getattr(importlib.import_module(module), constant)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{name!r} cannot be imported: {error}") from error
    if not isinstance(value, kind):
        raise ValueError(f"{name!r} is a {type(value).__name__}, not a {kind.__name__}")
    return value


def override(training: Training, variant: Variant, assignments: Iterable[str]) -> tuple[Training, Variant]:
    """Apply `path=value` settings: `estimator...`, `schedule...` on the variant, `training...` on the training."""
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        first, _, rest = path.strip().partition(".")
        if not equals or not rest or first not in ("estimator", "schedule", "training"):
            raise ValueError(f"--set takes estimator.FIELD=, schedule.FIELD= or training.FIELD=, not {assignment!r}")
        root = training if first == "training" else getattr(variant, first)
        value = _parsed(_field(root, rest.split("."), path), text.strip(), path)
        variant, training = configured(variant, training, {path.strip(): value})
    return training, variant


def _field(target: Any, path: list[str], whole: str) -> Any:
    """What the field at this path holds."""
    for name in path:
        names = [f.name for f in fields(target)] if is_dataclass(target) else []
        if name not in names:
            raise UnknownName(f"field of {type(target).__name__} in --set {whole}", name, names)
        target = getattr(target, name)
    return target


def _parsed(old: Any, text: str, whole: str) -> Any:
    """`text` as a value of old's type; a whole dataclass cannot be written on a command line."""
    if is_dataclass(old):
        raise ValueError(f"--set {whole} names {type(old).__name__}; name one of its fields: {_names(old)}")
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = float(text) if text in ("inf", "-inf") else text
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(old):
        raise ValueError(f"--set {whole} takes {type(old).__name__} (now {old!r}), not {text!r}")
    return value


def _names(value: Any) -> str:
    return ", ".join(f.name for f in fields(value)) or "it has none"

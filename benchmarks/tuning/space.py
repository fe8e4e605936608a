"""What a study searches: the tunable fields of a variant on its tasks, as Optuna's distributions and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from algorithms.algorithm import Algorithm
from algorithms.training_config import TrainingConfig
from algorithms.tunable import Choice, Context, Search
from benchmarks.design.overrides import apply_overrides
from benchmarks.design.resolve import resolve
from envs.api import Spec, Task
from envs.validation import UnknownName, UsageError

MEMBERS, ALL = "members", "all"


@dataclass(frozen=True)
class Parameter:
    """A field of a composition that can be tuned; `default` is what it holds now, and lies within the search."""

    path: str
    search: Search
    default: Any


def parameters(variant: Algorithm, training: TrainingConfig, spec: Spec) -> Iterator[Parameter]:
    """Every tunable field of (variant, training) that has an effect on tasks of this form, in the order it is declared.

    What a variant fixes is part of it and is not tuned; where it brings a window of its own, that is in `training`.
    """
    fixed = {f"training.{name}" for name, _ in variant.fixed}
    context = Context(spec, variant.critic)
    for name in ("training", "estimator", "schedule", "update"):
        root = training if name == "training" else getattr(variant, name)
        for path, owner, one in _fields(name, root):
            search = one.metadata.get("search")
            if search is None or path in fixed or not one.metadata["when"](owner, context):
                continue
            value = getattr(owner, one.name)
            legal = search.including(value)
            if isinstance(legal, Choice):
                legal = Choice(tuple(v for v in legal.values if _fits(owner, one.name, v)))
            yield Parameter(path, legal, value)


def _fields(path: str, owner: Any) -> Iterator[tuple[str, Any, Any]]:
    for one in fields(owner):
        inner = getattr(owner, one.name)
        below = f"{path}.{one.name}"
        if is_dataclass(inner) and not isinstance(inner, type):
            yield from _fields(below, inner)
        else:
            yield below, owner, one


def _fits(owner: Any, name: str, value: Any) -> bool:
    try:
        replace(owner, **{name: value})
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Space:
    """Parameters in the order in which they are declared; none is an empty search, which is refused where it is made.

    fixed  values by path that every configuration has in addition
    """

    parameters: tuple[Parameter, ...]
    fixed: tuple[tuple[str, Any], ...] = ()

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return {p.path: _distribution(p) for p in self.parameters}

    @property
    def default(self) -> dict[str, Any]:
        """What the settings hold, as Optuna's parameters: trial 0."""
        return {p.path: _name(p.default) if isinstance(p.search, Choice) else p.default for p in self.parameters}

    @property
    def varied(self) -> tuple[str, ...]:
        """Paths in which the members of one population may differ."""
        return tuple(p.path for p in self.parameters if not isinstance(p.search, Choice))

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Optuna's parameters as a configuration."""
        values = dict(self.fixed)
        for p in self.parameters:
            value = params[p.path]
            if isinstance(p.search, Choice):
                value = next(v for v in p.search.values if _name(v) == value)
            values[p.path] = value
        return values

    def as_json(self) -> tuple[dict[str, Any], ...]:
        """A line a parameter, for reports."""
        return tuple(
            {"name": p.path, "choices": [list(v) if isinstance(v, tuple) else v for v in p.search.values]}
            if isinstance(p.search, Choice)
            else {
                "name": p.path,
                "low": p.search.low,
                "high": p.search.high,
                "log": p.search.log,
                "integer": p.search.integer,
            }
            for p in self.parameters
        )


def space(
    variant: Algorithm,
    tasks: Sequence[Task],
    which: str = MEMBERS,
    fixed: Mapping[str, Any] = MappingProxyType({}),
) -> Space:
    """The search of a study over `tasks`: fields that all of them have, around the settings of the first.

    which  members: what may differ inside a population; all: shapes too (networks, batches, windows, epochs); or names,
           a,b: whole paths, or their last words
    fixed  values by path that are not searched; UsageError where `which` names one of them
    """
    by_task = []
    for task in tasks:
        settled, training = apply_overrides(variant, resolve(task, variant).training, fixed)
        by_task.append(list(parameters(settled, training, task.spec)))
    shared = set.intersection(*({p.path for p in of_task} for of_task in by_task))
    shared_parameters = [p for p in by_task[0] if p.path in shared]
    named = [] if which in (MEMBERS, ALL) else _named(shared_parameters, which)
    if both := [p.path for p in named if p.path in fixed]:
        raise UsageError(f"--set fixes {both[0]}, and --space searches it; leave it out of one of the two")
    shared_parameters = [p for p in shared_parameters if p.path not in fixed]
    if which == MEMBERS:
        shared_parameters = [p for p in shared_parameters if not isinstance(p.search, Choice)]
    elif which != ALL:
        shared_parameters = _named(shared_parameters, which)
    if not shared_parameters:
        raise UsageError(f"{variant.name} has nothing to tune on {', '.join(t.name for t in tasks)}")
    return Space(tuple(shared_parameters), tuple(fixed.items()))


def _named(parameters: list[Parameter], which: str) -> list[Parameter]:
    chosen = []
    for word in (w.strip() for w in which.split(",")):
        hits = [p for p in parameters if word in (p.path, p.path.rpartition(".")[2])]
        if not hits:
            raise UnknownName("parameter", word, [MEMBERS, ALL, *(p.path for p in parameters)])
        chosen += hits
    return [p for p in parameters if p in chosen]


def _distribution(parameter: Parameter) -> BaseDistribution:
    search = parameter.search
    if isinstance(search, Choice):
        return CategoricalDistribution([_name(v) for v in search.values])
    if search.integer:
        return IntDistribution(int(search.low), int(search.high), log=search.log)
    return FloatDistribution(search.low, search.high, log=search.log)


def _name(value: Any) -> Any:
    """A choice as Optuna can store it: (64, 64) is 64x64."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else value

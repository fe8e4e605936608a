"""`run --set path=a,b,c`: a variant for each value, named by it, so that a report tells them apart."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from algorithms.algorithm import Algorithm
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.overrides import alternatives, parse_assignments, split_assignment
from benchmarks.design.resolve import Resolved, reason_unsupported, resolve
from envs.api import Task
from envs.validation import UsageError

Setting = tuple[tuple[str, str], ...]  # a text for each path


@dataclass(frozen=True)
class Sweep:
    """Variants with values of some fields set.

    variants        those that have the fields, once for each combination of values; all others as they are
    configurations  (task, variant) -> all values by path, those of the experiment among them
    origins         the name of the variant that each new one was made of
    """

    variants: tuple[Algorithm, ...]
    configurations: Mapping[tuple[str, str], Mapping[str, Any]]
    origins: Mapping[str, str]


def sweep(experiment: ComparisonExperiment, assignments: Sequence[str]) -> Sweep:
    """The variants of the experiment with the values that the assignments list, in every combination.

    experiment  with its tasks and variants themselves

    UsageError for a field that no variant has, and for what is no value of a field.
    """
    texts = [split_assignment(assignment) for assignment in assignments]
    for i, (path, text) in enumerate(texts):
        if not text.strip(" ,"):
            raise UsageError(f"--set {path}={text} gives no value")
        if path in [other for other, _ in texts[:i]]:
            raise UsageError(f"--set gives {path} twice; list its values: --set {path}=A,B")
    made: list[Algorithm] = []
    configurations = dict(experiment.configurations)
    origins: dict[str, str] = {}
    unused: dict[str, UsageError] = {}  # paths that no variant has so far, with the reason
    used: set[str] = set()
    for plain in experiment.own_variants:
        tasks = [task for task in experiment.own_tasks if not reason_unsupported(task, plain)]
        listed = []
        for path, text in texts if tasks and plain.learns and not plain.unsettable else ():
            try:
                listed.append((path, alternatives(*_resolved(experiment, tasks[0], plain), path, text)))
                used.add(path)
            except UsageError as error:
                unused.setdefault(path, error)
        settings = itertools.product(*([(path, value) for value in values] for path, values in listed))
        for setting in settings if listed else ():
            variant = _named(plain, setting)
            made.append(variant)
            origins[variant.name] = plain.name
            for task in tasks:
                values = parse_assignments(
                    *_resolved(experiment, task, plain), [f"{path}={value}" for path, value in setting]
                )
                before = experiment.configurations.get((task.name, plain.name), {})
                configurations[task.name, variant.name] = {**before, **values}
        if not listed:
            made.append(plain)
    for path, _ in texts:
        if path not in used:
            raise unused.get(path) or UsageError(f"--set {path}: no variant here has settings")
    return Sweep(tuple(made), configurations, origins)


def _resolved(experiment: ComparisonExperiment, task: Task, variant: Algorithm) -> Resolved:
    values = experiment.configurations.get((task.name, variant.name), {})
    return resolve(task, variant, values, experiment.protocol, experiment.shared_rate_variant)


def _named(plain: Algorithm, setting: Setting) -> Algorithm:
    """The variant under a name that holds the values: `gae lam=.9`."""
    paths = [path for path, _ in setting]
    words = [f"{_short(path, paths)}={text}" for path, text in setting]
    given: Any = plain
    known = {f.name for f in fields(given)}
    given_fields = {
        "name": f"{plain.name} {' '.join(words)}",
        "shown_as": f"{plain.title} {' '.join(words)}",
        "summary": f"{plain.name} with {', '.join(f'{path}={text}' for path, text in setting)}",
        "parent": plain.name,
        "changes": ", ".join(_short(path, paths) for path in paths),
        "needs": (),
    }
    made: Algorithm = replace(given, **{name: value for name, value in given_fields.items() if name in known})
    return made


def _short(path: str, paths: Sequence[str]) -> str:
    """The last word of a path, and as many before it as tell it from the other paths."""
    words = path.split(".")
    for count in range(1, len(words)):
        short = ".".join(words[-count:])
        if sum(other.endswith(f".{short}") for other in paths) == 1:
            return short
    return path

"""What the expected returns of tasks cannot leave, from their names, the cells and what is declared of them.

The ceiling of a text MDP is its optimum, by a closed form or by listing all texts; where the task itself is known, and not
its class alone, it says what its worst episode earns. Ceilings of control tasks are reference scores, and limits come from
how their rewards are defined (envs.control.limits.EPISODES). The author of a task may declare them; its cells keep that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks.design.rebuild import class_of
from envs import TASKS
from envs.api import Factory, Scale, Task
from envs.control.factory import GYMNASIUM
from envs.control.limits import ANYTHING, EPISODES, Limits, declared_limits
from envs.delayed import undelayed
from envs.text_mdp import TextMDP

ReturnLimits = dict[str | tuple[str, str], Limits]  # of a task, or of a view of it: (task, view)


def named_limits(task: str, scale: Scale, factory: Factory | None = None) -> Limits:
    """Of a task that is known by its name alone, or, where it is a user's, by its factory too."""
    if task not in TASKS:
        return declared_limits(factory).within(_limits(task, False, scale, None))
    factory = TASKS[task].factory
    return _limits(task, isinstance(undelayed(factory), TextMDP), scale, factory)


def task_limits(
    metas: Iterable[Mapping[str, Any]], scales: Mapping[str, Scale], declared: Iterable[Task] = ()
) -> ReturnLimits:
    """Of the tasks of these cells, whose scales are `scales`, and of the views of those that are `declared`."""
    declared, metas = tuple(declared), list(metas)
    factories = {name: TASKS[name].factory for name in scales if name in TASKS}
    factories |= {task.name: task.factory for task in declared}
    classes: dict[str, type | None] = {}
    for meta in metas:
        task = meta["cell"]["task"]
        if task["name"] not in classes:
            classes[task["name"]] = class_of(task.get("factory"))
    found: ReturnLimits = {}
    for name, scale in scales.items():
        kind = classes.get(name)
        exact = kind is not None and issubclass(kind, TextMDP)
        found[name] = (
            _limits(name, exact, scale, factories.get(name)) if kind is not None else named_limits(name, scale)
        )
    for name, limits in _declared(metas):
        found[name] = limits.within(found[name]) if name in found else limits
    for task in declared:
        found |= {(task.name, view): _optimum(factory) for view, factory in task.views if task.ceiling is not None}
    return {name: limits for name, limits in found.items() if limits.known}


def _limits(task: str, exact: bool, scale: Scale, factory: Factory | None) -> Limits:
    """exact  whether the task's ceiling is its optimum      factory  the task, where it is known and not its class alone"""
    if exact and scale.ceiling is not None:
        return _range(factory)._replace(high=scale.ceiling)
    return EPISODES.get(task.removeprefix(GYMNASIUM), ANYTHING)


def _declared(metas: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Limits]]:
    """What the authors of tasks said of their returns when the cells were trained, by name."""
    for meta in metas:
        if known := meta.get("reading", {}).get("return_range"):
            yield meta["cell"]["task"]["name"], Limits.from_json(known)


def _optimum(factory: Factory) -> Limits:
    plain = undelayed(factory)
    return _range(plain)._replace(high=plain.optimal_return()) if isinstance(plain, TextMDP) else ANYTHING


def _range(factory: Factory | None) -> Limits:
    """What a text MDP says of its worst episode."""
    plain = None if factory is None else undelayed(factory)
    return Limits(low=plain.least_return()) if isinstance(plain, TextMDP) else ANYTHING

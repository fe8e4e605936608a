"""Environments: text-generation MDPs with a known optimum, and control tasks. `TASKS` holds every named task."""

from __future__ import annotations

from typing import cast

from envs.api import Task
from envs.discover import declared, unique
from envs.gymnasium_env import register_all
from envs.transcript import TextMDP

TASKS: dict[str, Task] = unique(
    (task.name, task)
    for package in ("envs.text", "envs.control")
    for tasks in declared(package, "TASKS")
    for task in cast("tuple[Task, ...]", tasks)
)

register_all(sorted({type(task.factory).__name__ for task in TASKS.values() if isinstance(task.factory, TextMDP)}))

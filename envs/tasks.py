"""`TASKS`: all named tasks, by name."""

from __future__ import annotations

from typing import cast

from envs.api import Task
from envs.registry import declared, unique

TASKS: dict[str, Task] = unique(
    (task.name, task)
    for package in ("envs.text", "envs.control")
    for tasks in declared(package, "TASKS")
    for task in cast("tuple[Task, ...]", tasks)
)

"""Tasks by the names that commands accept: registered names, `gymnasium:<id>`, or `module:CONSTANT`."""

from __future__ import annotations

from collections.abc import Iterable

import gymnasium

from envs.api import Task
from envs.control import from_envpool
from envs.control.factory import Control, gymnasium_task
from envs.custom.importing import import_constant
from envs.delayed import undelayed
from envs.tasks import TASKS
from envs.validation import UsageError, look_up

GYMNASIUM = "gymnasium:"  # prefix of Gymnasium ids


def find_task(name: str) -> Task:
    """The task of this name; UsageError if there is none."""
    if name.startswith(GYMNASIUM):
        try:
            return gymnasium_task(name.removeprefix(GYMNASIUM))
        except ValueError as error:
            raise UsageError(str(error)) from error
    return import_task(name) if ":" in name else look_up(TASKS, name, "task")


def import_task(name: str) -> Task:
    """The task that `module:CONSTANT` names; UsageError if there is none."""
    task: Task = import_constant(name, "Task", lambda value: "" if isinstance(value, Task) else "is no Task", TASKS)
    return task


def check_installed(tasks: Iterable[Task]) -> None:
    """UsageError for a control task without equations that neither EnvPool nor Gymnasium, as installed here, can make."""
    if from_envpool.installed():
        return
    for task in tasks:
        factory = undelayed(task.factory)
        if not isinstance(factory, Control) or factory.backend != "auto" or factory.has_equations:
            continue
        try:
            gymnasium.make(factory.env_id).close()
        except (gymnasium.error.Error, ImportError) as error:
            raise UsageError(
                f'{task.name} needs EnvPool (pip install "pg-ladder[envpool]"), for Gymnasium cannot make it: {error}'
            ) from error

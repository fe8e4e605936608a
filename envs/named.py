"""Tasks by the names that commands accept: registered names, `gymnasium:<id>`, or `module:CONSTANT`.

A registered name is in `TASKS`, or that of a language task, which needs the suite's models on disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import gymnasium

from envs.api import Task
from envs.control import from_envpool
from envs.control.factory import Control, gymnasium_task
from envs.custom.importing import import_constant
from envs.delayed import undelayed
from envs.language.named import FOLDER, language_names, language_task
from envs.tasks import TASKS
from envs.validation import UnknownName, UsageError

GYMNASIUM = "gymnasium:"  # prefix of Gymnasium ids


def find_task(name: str) -> Task:
    """The task of this name; UsageError if there is none."""
    if name.startswith(GYMNASIUM):
        try:
            return gymnasium_task(name.removeprefix(GYMNASIUM))
        except ValueError as error:
            raise UsageError(str(error)) from error
    return import_task(name) if ":" in name else registered_task(name)


def registered_task(name: str, models: Path = FOLDER) -> Task:
    """The registered task of this name; UsageError if there is none, or if its models are not in the folder `models`."""
    if name in language_names():
        return language_task(name, models)
    if name not in TASKS:
        raise UnknownName("task", name, (*TASKS, *language_names()))
    return TASKS[name]


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
                f'{task.name} needs EnvPool (pip install "pg-ladder[box2d-mujoco]"), for Gymnasium cannot make it: {error}'
            ) from error

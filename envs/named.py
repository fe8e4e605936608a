"""Tasks by the names that commands accept: registered names, `gymnasium:<id>`, `module:Class` and `module:CONSTANT`.

A registered name is in `TASKS`, or that of a language task, which needs the suite's models on disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import gymnasium

from envs.api import Task
from envs.control import from_envpool
from envs.control.factory import GYMNASIUM, control_of, gymnasium_task
from envs.custom.importing import import_constant
from envs.custom.making import Arguments, names_class
from envs.language.named import FOLDER, language_names, language_task
from envs.tasks import TASKS
from envs.validation import UnknownName, UsageError

FORMS = "your own: module:EnvClass, module:TASK or gymnasium:module:Id"
ID = re.compile(r"[\w.]+:(\S*-v\d+|\w+/\S+)")  # a Gymnasium id whose prefix was forgotten


def find_task(name: str, arguments: Arguments = ()) -> Task:
    """The task of this name; UsageError if there is none.

    arguments  of the environment's constructor, for `gymnasium:<id>` and `module:Class`
    """
    env_id = environment_id(name)
    if env_id is None:
        check_no_arguments(name, arguments)
        return import_task(name) if ":" in name else registered_task(name)
    try:
        return gymnasium_task(env_id, arguments)
    except ValueError as error:
        raise UsageError(str(error)) from error


def environment_id(name: str) -> str | None:
    """The Gymnasium id, or the class, that a task's name stands for; None for a task of another kind."""
    if name.startswith(GYMNASIUM):
        return name.removeprefix(GYMNASIUM)
    return name if names_class(name) else None


def check_no_arguments(name: str, arguments: Arguments) -> None:
    """UsageError where a task that is already made would be given arguments."""
    if arguments:
        what = "a constant that is already made" if ":" in name else "a registered task"
        raise UsageError(
            f"--env-kwargs has no meaning for {name}, {what}; environments that take arguments are named "
            "module:EnvClass or gymnasium:Id"
        )


def registered_task(name: str, models: Path = FOLDER) -> Task:
    """The registered task of this name; UsageError if there is none, or if its models are not in the folder `models`."""
    if name in language_names():
        return language_task(name, models)
    if name not in TASKS:
        known = f"Gymnasium has it: {GYMNASIUM}{name}" if name in gymnasium.registry else FORMS
        raise UnknownName("task", name, (*TASKS, *language_names()), known)
    return TASKS[name]


def import_task(name: str) -> Task:
    """The task that `module:CONSTANT` names; UsageError if there is none."""
    if ID.fullmatch(name):
        raise UsageError(f"{name!r} is not of the form module:CONSTANT; a Gymnasium id is written {GYMNASIUM}{name}")
    task: Task = import_constant(name, "Task, or a class that derives from gymnasium.Env", _reason_no_task, TASKS)
    return task


def _reason_no_task(value: object) -> str:
    """Why the value is no Task, as a clause of which it is the subject; empty if it is one, or a class of environments."""
    if isinstance(value, Task) or (isinstance(value, type) and issubclass(value, gymnasium.Env)):
        return ""
    return "is an environment, not a Task: name its class" if isinstance(value, gymnasium.Env) else "is no Task"


def check_installed(tasks: Iterable[Task]) -> None:
    """UsageError for a control task without equations that neither EnvPool nor Gymnasium, as installed here, can make."""
    if from_envpool.installed():
        return
    for task in tasks:
        factory = control_of(task.factory)
        if factory is None or factory.backend != "auto" or factory.has_equations:
            continue
        try:
            gymnasium.make(factory.env_id).close()
        except (gymnasium.error.Error, ImportError) as error:
            raise UsageError(
                f'{task.name} needs EnvPool (pip install "pg-ladder[box2d-mujoco]"), for Gymnasium cannot make it: {error}'
            ) from error

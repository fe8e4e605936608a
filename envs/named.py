"""Tasks by the names that commands take: a registered one, any `gymnasium:<id>`, or `module:TASK` of the user's."""

from __future__ import annotations

import importlib

from envs.api import Task
from envs.control.factory import any_gymnasium
from envs.tasks import TASKS
from envs.validation import UnknownName, UsageError, look_up


def task_named(name: str) -> Task:
    """The task of this name; UsageError where there is none."""
    if name.startswith("gymnasium:"):
        try:
            return any_gymnasium(name.removeprefix("gymnasium:"))
        except ValueError as error:
            raise UsageError(str(error)) from error
    return _constant(name) if ":" in name else look_up(TASKS, name, "task")


def _constant(name: str) -> Task:
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise UsageError(f"{name!r} cannot be imported: {error}") from error
    if not hasattr(found, attribute):
        raise UnknownName(
            f"constant of {module}", attribute, [n for n, v in vars(found).items() if isinstance(v, Task)]
        )
    value = getattr(found, attribute)
    if not isinstance(value, Task):
        raise UsageError(f"{name!r} is a {type(value).__name__}, not a Task")
    return value

"""Tasks and variants by the names that commands take; every mistake is one line with the nearest names.

A user's environment is made in a child process first (validation.isolation), where it can only end its own process.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from algorithms import ALGORITHMS, ALIASES
from algorithms.algorithm import Algorithm, reason_no_algorithm
from algorithms.estimators.estimator import Estimator
from algorithms.variant import Promises, Variant
from benchmarks.validation.isolation import check_creation
from benchmarks.validation.usage import WorkFailed, check_name, describe_error, work_errors
from envs import TASKS
from envs.api import Task
from envs.control.factory import gymnasium_task, with_identity
from envs.custom.importing import import_constant
from envs.custom.making import Arguments
from envs.named import check_no_arguments, environment_id, import_task, registered_task
from envs.validation import UsageError, look_up

SB3_PREFIX = "sb3:"  # names of ours that have a colon


def find_task(name: str, arguments: Arguments = ()) -> Task:
    """A registered task, `gymnasium:<id>`, `module:Class`, or `module:CONSTANT`.

    arguments  of the environment's constructor, for `gymnasium:<id>` and `module:Class`

    WorkFailed where a user's environment raises, or ends its process, when it is made.
    """
    env_id = environment_id(name)
    if env_id is not None:
        return _gymnasium_task(name, env_id, arguments)
    check_no_arguments(name, arguments)
    if ":" in name:
        return _users_task(name)
    _check_no_module(name, TASKS, "task", "Class")
    return registered_task(name)


def _gymnasium_task(name: str, env_id: str, arguments: Arguments) -> Task:
    check_creation(name, lambda: gymnasium_task(env_id, arguments))
    try:
        return gymnasium_task(env_id, arguments)
    except UsageError:
        raise
    except Exception as error:
        raise WorkFailed(f"{name} fails when it is made: {describe_error(error)}") from error


def _users_task(name: str) -> Task:
    """With the identity of the Gymnasium environments that its ids name now."""
    task = import_task(name)
    check_name("task", task.name)
    check_creation(name, lambda: task.spec)
    with work_errors(name):
        str(task.spec)  # a property: the first thing that runs the user's code
    try:
        return with_identity(task, name.partition(":")[0])
    except UsageError:
        raise
    except Exception as error:
        raise WorkFailed(f"{name} fails when its environment is made: {describe_error(error)}") from error


def find_variant(name: str) -> Algorithm:
    """A registered algorithm, by its name or its alias, or the one that `module:CONSTANT` holds."""
    if ":" in name and not name.startswith(SB3_PREFIX):
        variant: Algorithm = import_constant(name, "Variant or Reference", reason_no_algorithm, ALGORITHMS)
        check_name("variant", variant.name)
        return variant
    return _registered(name)


def _registered(name: str) -> Algorithm:
    name = ALIASES.get(name, name)
    _check_no_module(name, ALGORITHMS, "variant", "VARIANT")
    return look_up(ALGORITHMS, name, "variant")


def _check_no_module(name: str, registry: Collection[str], kind: str, example: str) -> None:
    """UsageError for an unknown name that is a module in the current folder: what it holds has to be named."""
    module = name.removesuffix(".py")
    if name not in registry and module.isidentifier() and Path(f"{module}.py").is_file():
        raise UsageError(f"{name!r} is a module: name the {kind} that it holds, as {module}:{example}")


def find_estimator(name: str) -> tuple[Estimator, Promises]:
    """The estimator of this name and what it promises: a constant of its own, or that of a variant."""
    if ":" not in name or name.startswith(SB3_PREFIX):
        return _examined(name, _registered(name))
    return _examined(name, import_constant(name, "Variant or Estimator", _reason_not_examined, ALGORITHMS))


def _examined(name: str, value: Any) -> tuple[Estimator, Promises]:
    if reason := _reason_not_examined(value):
        raise UsageError(f"{name} {reason}")
    return (value, Promises()) if isinstance(value, Estimator) else (value.estimator, value.promises)


def _reason_not_examined(value: object) -> str:
    """Why the value has no estimator to examine, as a clause of which it is the subject; empty if it has one."""
    return (
        "" if isinstance(value, (Estimator, Variant)) else "has no estimator: it is neither a Variant nor an Estimator"
    )


def find_tasks(
    declared: Sequence[str | Task], names: Sequence[str] | None = None, arguments: Arguments = ()
) -> list[Task]:
    """The declared tasks of an experiment, or the named ones: its own by their names, and any other.

    arguments  of the one environment among the named tasks; UsageError where there is none, or more than one
    """
    own = {t.name: t for t in declared if isinstance(t, Task)}
    requested = declared if names is None else names
    taking = [t for t in requested if isinstance(t, str) and environment_id(t) is not None] if arguments else []
    if len(taking) > 1:
        raise UsageError(f"--env-kwargs cannot be those of both {taking[0]} and {taking[1]}; run them one by one")
    if arguments and not taking:
        first = requested[0]
        check_no_arguments(first if isinstance(first, str) else first.name, arguments)
    given = dict.fromkeys(taking, arguments)
    tasks = [t if isinstance(t, Task) else own[t] if t in own else find_task(t, given.get(t, ())) for t in requested]
    _check_unique("tasks", [t.name for t in tasks])
    return tasks


def find_variants(declared: Sequence[str | Algorithm], names: Sequence[str] | None = None) -> list[Algorithm]:
    """The declared variants of an experiment, or the named ones: its own by their names, and any other."""
    own = {v.name: v for v in declared if not isinstance(v, str)}
    requested = declared if names is None else names
    variants = [v if not isinstance(v, str) else own[v] if v in own else find_variant(v) for v in requested]
    _check_unique("variants", [v.name for v in variants])
    return variants


def _check_unique(kind: str, names: Sequence[str]) -> None:
    """UsageError where two have one name: a report would take their rows for one sample."""
    if twice := next((n for i, n in enumerate(names) if n in names[:i]), None):
        raise UsageError(f"two {kind} are called {twice!r}; give one of them another name")

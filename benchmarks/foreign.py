"""Tasks and variants that are not registered: `module:CONSTANT` of the user's own code, and any `gymnasium:<id>`."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import json
import traceback
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, TypeVar

import gymnasium

from algorithms.variant import Variant
from benchmarks.design.identity import canonical
from benchmarks.guarded import check_made
from benchmarks.usage import Failed, check_name, described, working
from envs.api import Task
from envs.control import from_envpool
from envs.control.factory import Control, any_gymnasium, identified
from envs.custom.sources import LENGTH, SOURCE
from envs.delayed import unslowed
from envs.validation import UnknownName, UsageError

Kind = TypeVar("Kind", Task, Variant)


def constant(name: str, kind: type[Kind], registered: Iterable[str]) -> Kind:
    """The Task or Variant that `module:CONSTANT` names; UsageError where there is none."""
    module, attribute = _parts(name, registered)
    found = _module(name, module, registered)
    if not hasattr(found, attribute):
        there = [n for n, value in vars(found).items() if isinstance(value, kind)]
        raise UnknownName(f"constant of {module}", attribute, there)
    value = getattr(found, attribute)
    if isinstance(value, type):
        raise UsageError(f"{name!r} is a class; name a constant that holds a {kind.__name__}")
    if not isinstance(value, kind):
        raise UsageError(f"{name!r} is a {type(value).__name__}, not a {kind.__name__}")
    check_name(kind.__name__.lower(), value.name)
    if isinstance(value, Task):
        check_made(name, lambda: value.spec)
        with working(name):
            str(value.spec)  # a property: the first thing that runs the user's code
    return value


def task(name: str, registered: Iterable[str]) -> Task:
    """The Task that `module:TASK` names; its Gymnasium ids with the identity of the environments that are there now."""
    found = constant(name, Task, registered)
    try:
        return identified(found, name.partition(":")[0])
    except UsageError:
        raise
    except Exception as error:
        raise Failed(f"{name} fails when its environment is made: {described(error)}") from error


def _parts(name: str, registered: Iterable[str]) -> tuple[str, str]:
    """(module, constant) of a name; UsageError where it is not of that form."""
    module, _, attribute = name.partition(":")
    words = [*module.split("."), attribute]
    if not all(word.isidentifier() for word in words):
        raise UsageError(f"{name!r} is not of the form module:CONSTANT{_near(name, registered)}")
    return module, attribute


def _module(name: str, module: str, registered: Iterable[str]) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            why = f"there is no module {error.name!r}{_near(name, registered)}"
        else:
            why = f"it needs {error.name!r}, which is not installed"
        raise UsageError(f"{name!r} cannot be imported: {why}") from error
    except (Exception, SystemExit) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename}, line {last.lineno}"
        raise UsageError(f"{name!r} cannot be imported: {type(error).__name__}: {error} ({where})") from error


def _near(name: str, registered: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(registered), n=3, cutoff=0.5)
    return f"; nearest: {', '.join(near)}" if near else ""


def gymnasium_task(env_id: str) -> Task:
    """The Task of a Gymnasium id; Failed where the environment's own constructor raises, or ends its process."""
    check_made(f"gymnasium:{env_id}", lambda: any_gymnasium(env_id))
    try:
        return any_gymnasium(env_id)
    except UsageError:
        raise
    except Exception as error:
        raise Failed(f"gymnasium:{env_id} fails when it is made: {described(error)}") from error


def check_installed(tasks: Iterable[Task]) -> None:
    """UsageError for a control task that can be made by neither EnvPool nor Gymnasium as they are installed here."""
    if from_envpool.installed():
        return
    for task in tasks:
        factory = unslowed(task.factory)
        if not isinstance(factory, Control) or factory.backend != "auto":
            continue
        try:
            gymnasium.make(factory.env_id).close()
        except (gymnasium.error.Error, ImportError) as error:
            raise UsageError(
                f"{task.name} needs EnvPool (pip install envpool), for Gymnasium cannot make it: {error}"
            ) from error


def sources(parts: Iterable[Any]) -> str:
    """A hash of the sources of the user's code that these parts of cells are made of; empty where all is ours."""
    found = [hashed for part in parts for hashed in _hashes(canonical(part))]
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:LENGTH] if found else ""


def _hashes(described: Any) -> Iterator[Any]:
    """Hashes of foreign classes and identities of environments in a canonical value."""
    if isinstance(described, dict):
        yield from (described[key] for key in (SOURCE, "identity") if described.get(key))
        described = list(described.values())
    if isinstance(described, list):
        for part in described:
            yield from _hashes(part)

"""What `module:CONSTANT` names, for whatever a user writes in a module of their own."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from envs.custom.sources import users_line
from envs.validation import UnknownName, UsageError


def import_constant(name: str, kind: str, fault: Callable[[object], str], registered: Iterable[str]) -> Any:
    """The object that `module:CONSTANT` names; UsageError if it is none of this kind.

    fault       why a value is not of the kind, as a clause of which it is the subject; empty if a message may suggest it
    registered  names that an error message may suggest instead
    """
    module, attribute = _parts(name, registered)
    found = _module(name, module, registered)
    if not hasattr(found, attribute):
        _check_not_hidden(name, found)
        there = [n for n, value in vars(found).items() if not fault(value)]
        raise UnknownName(f"constant of {module}", attribute, there)
    value = getattr(found, attribute)
    if isinstance(value, type):
        raise UsageError(f"{name!r} is a class; name a constant that holds a {kind}")
    if why := fault(value):
        raise UsageError(f"{name!r} is of class {type(value).__name__} and {why}")
    return value


def _parts(name: str, registered: Iterable[str]) -> tuple[str, str]:
    """(module, constant) of a name; UsageError if it does not have that form."""
    module, _, attribute = name.partition(":")
    words = [*module.split("."), attribute]
    if _is_file(module) or not all(word.isidentifier() for word in words):
        written = f"; write {_module_of(module)}:{attribute}" if attribute and _is_file(module) else ""
        raise UsageError(f"{name!r} is not of the form module:CONSTANT{written or _nearest(name, registered)}")
    return module, attribute


def _is_file(name: str) -> bool:
    """Whether a module is named as a file."""
    return name.endswith(".py") or "/" in name


def _module_of(file: str) -> str:
    """The module of a file, from the current folder: `folder/tank.py` is folder.tank."""
    return file.removesuffix(".py").removeprefix("./").strip("/").replace("/", ".")


def _module(name: str, module: str, registered: Iterable[str]) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            why = f"there is no module {error.name!r}{_nearest(name, registered)}"
        else:
            why = f"it needs {error.name!r}, which is not installed"
        raise UsageError(f"{name!r} cannot be imported: {why}") from error
    except (Exception, SystemExit) as error:
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        where = f" ({line})" if (line := users_line(error)) else ""
        raise UsageError(f"{name!r} cannot be imported: {type(error).__name__}: {words}{where}") from error


def _check_not_hidden(name: str, found: ModuleType) -> None:
    """UsageError where a module of Python's, or of a package, was imported in the place of the user's file of this name."""
    mine, theirs = Path(f"{found.__name__}.py"), getattr(found, "__file__", None)
    if mine.is_file() and (theirs is None or mine.resolve() != Path(theirs).resolve()):
        raise UsageError(
            f"{name!r} cannot be imported: {theirs or 'a module of Python'} hides {mine} in this folder; rename your file"
        )


def _nearest(name: str, registered: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(registered), n=3, cutoff=0.5)
    return f"; nearest: {', '.join(near)}" if near else ""

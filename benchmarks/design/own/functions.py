"""What `FILE::function` and `package.module::Class.method` name: a function of the user's or of another library.

Finding it runs the file or imports the module, with all that stands in it.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.validation.usage import describe_error
from envs.validation import UnknownName, UsageError

SEPARATOR = "::"


def is_function(name: str) -> bool:
    """Whether a name is that of a function in a file or module."""
    return SEPARATOR in name


def find_function(name: str) -> Callable[..., Any]:
    """The function, method or class that the name stands for; UsageError where there is none."""
    place, _, attribute = name.partition(SEPARATOR)
    if not place or not all(word.isidentifier() for word in attribute.split(".")):
        raise UsageError(f"{name!r} is not of the form FILE{SEPARATOR}function or package.module{SEPARATOR}function")
    found: Any = _file(name, Path(place)) if place.endswith(".py") else _module(name, place)
    where = place
    for word in attribute.split("."):
        if not hasattr(found, word):
            there = [n for n, value in vars(found).items() if callable(value) and not n.startswith("__")]
            raise UnknownName(f"function of {where}", word, there)
        found, where = getattr(found, word), f"{where}{SEPARATOR if where == place else '.'}{word}"
    if not callable(found):
        raise UsageError(f"{name!r} is of class {type(found).__name__}, and no function")
    made: Callable[..., Any] = found
    return made


def _file(name: str, path: Path) -> ModuleType:
    """The module of a file, which is run; the file's own folder is searched for what it imports."""
    if not path.is_file():
        folder = path.parent if path.parent.is_dir() else Path()
        near = difflib.get_close_matches(path.name, [p.name for p in folder.glob("*.py")], n=3, cutoff=0.4)
        nearest = f"; nearest: {', '.join(near)}" if near else ""
        raise UsageError(f"there is no file {path}{nearest}")
    own = f"examined_{path.stem}"  # a file called torch.py must not stand for torch
    spec = importlib.util.spec_from_file_location(own, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module  # dataclasses of the file look for their module here
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _fault(name, error) from error
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return module


def _module(name: str, module: str) -> ModuleType:
    if not all(word.isidentifier() for word in module.split(".")):
        raise UsageError(f"{name!r} names no module: {module!r} is neither a file that ends in .py nor package.module")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise UsageError(f"{name!r} cannot be imported: there is no module {error.name!r}") from error
        raise UsageError(f"{name!r} cannot be imported: it needs {error.name!r}, which is not installed") from error
    except (Exception, SystemExit) as error:
        raise _fault(name, error) from error


def _fault(name: str, error: BaseException) -> UsageError:
    return UsageError(f"{name!r} cannot be imported: {describe_error(error)}")


def read_given(text: str) -> dict[str, Any]:
    """`clip=.3,mode=mean` as a dictionary; values that are no Python literals are strings."""
    made = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"--given takes NAME=VALUE,NAME=VALUE, not {part!r}")
        try:
            made[name.strip()] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            made[name.strip()] = value
    return made

"""A hash of the source of a user's class, so that results change their identity when its files are edited.

The hash covers the file of the class, those of its bases, and all local modules that they import, directly or
indirectly. It does not cover this project's packages (the results version represents them), the standard library, and
installed packages (their versions represent them, but the class's own file is always covered). Data files are not
covered. A class that a notebook or a script itself defines is hashed by its code (envs.custom.interactive).
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from envs.custom.interactive import code_of, is_interactive

OURS = ("envs", "algorithms", "benchmarks")
FOLDERS = tuple(Path(__file__).resolve().parents[2] / name for name in OURS)
BASES = ("builtins", "typing", "abc", "gymnasium", "numpy")  # packages whose versions represent their base classes
SOURCE = "class.source"  # the key of a class's hash, in addition to its name and fields
LENGTH = 16  # hexadecimal digits of a hash


def is_own_module(module: str) -> bool:
    """Whether a module belongs to this project."""
    return module.partition(".")[0] in OURS


def source_of(things: Iterable[Any]) -> str:
    """One hash of the sources of classes and functions and of their dependencies; empty if there are none."""
    things = list(things)
    codes = [code_of(thing) for thing in things if is_interactive(thing)]
    begun = dict.fromkeys(name for thing in things if not is_interactive(thing) for name in _modules(thing))
    waiting = [(name, True) for name in begun] + [(name, False) for _, named in codes for name in sorted(named)]
    found = _reached(waiting)
    if not found and not codes:
        return ""
    digest = hashlib.sha256("".join(code for code, _ in codes).encode())
    for name in sorted(found):
        digest.update(f"{name}\0".encode() + hashlib.sha256(found[name].read_bytes()).digest())
    return digest.hexdigest()[:LENGTH]


def files_of(module: str) -> dict[str, Path]:
    """The file of a module and those of all local modules that it imports, directly or indirectly, by module."""
    return _reached([(module, True)])


def _reached(waiting: list[tuple[str, bool]]) -> dict[str, Path]:
    """The files of these modules, and of the local ones that they import. A module that is not `named` must be local."""
    found: dict[str, Path] = {}
    while waiting:
        name, named = waiting.pop()
        if name in found or is_own_module(name) or (path := _file(name)) is None or not (named or _local(path)):
            continue
        found[name] = path
        if _local(path) and path.suffix == ".py":
            waiting += [(other, False) for other in _imported(name, path)]
    return found


def describe_class(kind: type) -> dict[str, str]:
    """A class of this project by its name; any other also by its module and the hash of its source at the first call.

    Names of this project's classes have no dot, so no other class is mistaken for one of them. What a notebook's class
    names may be defined anew at any time, so its hash is that of this call.
    """
    return dict(_description(kind) if is_interactive(kind) else known_description(kind))


def _description(kind: type) -> dict[str, str]:
    if is_own_module(kind.__module__):
        return {"class": kind.__name__}
    return {"class": f"{kind.__module__}.{kind.__qualname__}", SOURCE: source_of([kind])}


# of a module's class at the first call
known_description = cache(_description)


def distribution_of(module: str) -> str:
    """The installed package that a module belongs to and its version, as "gymnasium 1.3.0"; empty for a local module."""
    names = _distributions().get(module.partition(".")[0], [])
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(set(names)))


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: list(found) for name, found in importlib.metadata.packages_distributions().items()}


def _modules(thing: Any) -> Iterator[str]:
    """The modules that define a class and its bases, or a function."""
    for part in inspect.getmro(thing) if inspect.isclass(thing) else (thing,):
        name = getattr(part, "__module__", None)
        if isinstance(name, str) and (part is thing or name.partition(".")[0] not in BASES):
            yield name


def _file(name: str) -> Path | None:
    """The file of a module: its source or its compiled library."""
    module = sys.modules.get(name)
    if isinstance(module, ModuleType):
        path = getattr(module, "__file__", None)
    else:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        path = spec.origin if spec else None
    return Path(path).resolve() if path and Path(path).is_file() else None


@cache
def _installed() -> tuple[Path, ...]:
    paths = {Path(p).resolve() for p in sysconfig.get_paths().values()}
    paths |= {Path(p).resolve() for p in sys.path if Path(p).name in ("site-packages", "dist-packages")}
    return tuple(paths - {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()})


def users_line(error: BaseException) -> str:
    """Where a user's own file raised the error, or called what raised it: "zoo.py, line 12"; empty where none did.

    The path is that from the current folder, where it lies below.
    """
    places = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((Path(error.filename), error.lineno))
    own = [(path.resolve(), line) for path, line in places if path.is_file()]
    own = [(path, line) for path, line in own if _local(path) and not any(path.is_relative_to(f) for f in FOLDERS)]
    if not own:
        return ""
    path, line = own[-1]
    here = Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}, line {line}"


def _local(path: Path) -> bool:
    """Whether a file is the user's own, and not part of Python or of an installed package."""
    return not any(path.is_relative_to(root) for root in _installed())


def _imported(name: str, path: Path) -> Iterator[str]:
    """All modules that a source imports; for `from a import b` both a and a.b, which may be a module."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _upwards(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parts, base] if base else parts)
            if base:
                yield from _upwards(base)
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _upwards(name: str) -> Iterator[str]:
    """a.b.c, a.b and a, because an import runs all of them."""
    while name:
        yield name
        name = name.rpartition(".")[0]

"""A hash of what a notebook or a script itself defines, so that results change their identity when it is edited.

A notebook has no file, and a script's file also holds what no number depends on. So the compiled code of the class is
hashed, with that of its bases and of the functions and classes of the same place that it names, and the plain values that
these name. Compiled code is another in another minor version of Python.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAIN = ("__main__", "__mp_main__")  # modules of what is typed or run, and is imported by nobody
PLAIN = (bool, int, float, complex, str, bytes, type(None))


def is_interactive(thing: Any) -> bool:
    """Whether a class or function was defined in a notebook, a script or a prompt."""
    return getattr(thing, "__module__", None) in MAIN


def code_of(thing: Any) -> tuple[str, set[str]]:
    """(a hash of the code of an interactive class or function, the modules that this code names)."""
    seen: set[int] = set()
    modules: set[str] = set()
    digest = hashlib.sha256()
    for part in _parts(thing, seen, modules):
        digest.update(f"{len(part)}:{part}".encode("utf-8", "backslashreplace"))
    return digest.hexdigest(), modules


def _parts(thing: Any, seen: set[int], modules: set[str]) -> Iterator[str]:
    """The texts that are hashed."""
    if isinstance(thing, types.ModuleType):
        modules.add(thing.__name__)
    elif isinstance(thing, PLAIN):
        yield f"{type(thing).__name__} {thing!r}"
    elif isinstance(thing, (tuple, list, frozenset, set)):
        items = ["".join(_parts(item, seen, modules)) for item in thing]
        yield from (sorted(items) if isinstance(thing, (set, frozenset)) else items)
    elif id(thing) not in seen:
        seen.add(id(thing))
        yield from _named_parts(thing, seen, modules)


def _named_parts(thing: Any, seen: set[int], modules: set[str]) -> Iterator[str]:
    if isinstance(thing, type):
        if not is_interactive(thing):
            modules.add(thing.__module__)
            return
        yield f"class {thing.__qualname__}"
        for base in thing.__bases__:
            yield from _parts(base, seen, modules)
        for name, value in sorted(vars(thing).items()):
            if not name.startswith("__") or isinstance(value, types.FunctionType):
                yield name
                yield from _parts(value, seen, modules)
    elif isinstance(thing, (staticmethod, classmethod)):
        yield from _parts(thing.__func__, seen, modules)
    elif isinstance(thing, property):
        yield from _parts([thing.fget, thing.fset, thing.fdel], seen, modules)
    elif isinstance(thing, types.FunctionType):
        yield from _function_parts(thing, seen, modules)


def _function_parts(function: types.FunctionType, seen: set[int], modules: set[str]) -> Iterator[str]:
    if function.__module__ not in MAIN:
        modules.add(function.__module__)
        return
    yield from _code_parts(function.__code__, function.__globals__, seen, modules)
    yield from _parts(function.__defaults__ or (), seen, modules)
    for name, value in sorted((function.__kwdefaults__ or {}).items()):
        yield name
        yield from _parts(value, seen, modules)
    for cell in function.__closure__ or ():
        yield from _parts(cell.cell_contents, seen, modules)


def _code_parts(code: types.CodeType, names: Mapping[str, Any], seen: set[int], modules: set[str]) -> Iterator[str]:
    yield code.co_code.hex()
    yield " ".join((*code.co_names, *code.co_varnames, *code.co_freevars))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code_parts(constant, names, seen, modules)
        else:
            yield from _parts(constant, seen, modules)
    for name in _known(code.co_names, names):
        yield from _parts(names[name], seen, modules)


def _known(wanted: Iterable[str], names: Mapping[str, Any]) -> list[str]:
    return sorted({name for name in wanted if name in names})

"""Frozen dataclasses from the JSON that describes them (benchmarks.design.identity): the way back.

A file can choose among our choices and do nothing else. Our classes are found by their short names in the source files of
`envs` and `algorithms`, whatever has been imported. A class of another package is built only if the caller trusts it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.store.descriptions import DEFAULTS
from envs.custom.sources import OURS, SOURCE

PACKAGES = ("envs", "algorithms")  # what tasks, variants and trainings are made of
CLASS_KEYS = ("class", SOURCE, DEFAULTS)  # keys of a description that name no field


class CannotRebuild(ValueError):
    """A description of something that is foreign, gone or not valid."""


def rebuild(data: Any, trust: Sequence[str] = (), paths: Mapping[str, str] = MappingProxyType({}), **more: Any) -> Any:
    """The value that `data` describes; lists become tuples. `more`: fields that a description leaves out.

    paths  of files, by the digest that the description holds instead

    CannotRebuild for a class of a package that is not trusted, one that there is not, or fields that do not fit it.
    """
    if isinstance(data, list):
        return tuple(rebuild(item, trust, paths) for item in data)
    if not isinstance(data, dict):
        return data
    values = {name: rebuild(value, trust, paths) for name, value in data.items() if name not in CLASS_KEYS}
    if "class" not in data:
        return values
    name = str(data["class"])
    if (path := paths.get(str(data.get("digest")))) is not None and "path" not in values:
        values["path"] = Path(path)
    return _build(_foreign_class(name, trust) if "." in name else _our_class(name), more | values)


def class_of(data: Any) -> type | None:
    """Our class that a description names, wherever wrapped in `Delayed`; None where there is none (any more)."""
    while isinstance(data, dict) and data.get("class") == "Delayed":
        data = data.get("factory")
    try:
        return _our_class(str(data["class"])) if isinstance(data, dict) and "class" in data else None
    except CannotRebuild:
        return None


@cache
def _our_class(name: str) -> type:
    """The frozen dataclass of this name, of whichever of our modules defines it."""
    defined = [getattr(module, name, None) for module in _modules_that_define(name)]
    classes: list[type] = [kind for kind in defined if isinstance(kind, type) and _is_frozen_dataclass(kind)]
    if not classes:
        raise CannotRebuild(f"there is no frozen dataclass {name!r} (any more), and nothing else is built from a file")
    if len(classes) > 1:
        raise CannotRebuild(f"{name!r} is the name of two classes: {', '.join(kind.__module__ for kind in classes)}")
    return classes[0]


def _modules_that_define(name: str) -> Iterator[Any]:
    """Our modules whose source defines a class of this name."""
    definition = re.compile(rf"^class {re.escape(name)}\b", re.MULTILINE)
    for module, path in _sources():
        if definition.search(path.read_text(encoding="utf-8")):
            yield importlib.import_module(module)


@cache
def _sources() -> tuple[tuple[str, Path], ...]:
    """(module, file) of every module but those that importing would run as a program."""
    modules = []
    for package in PACKAGES:
        file = importlib.import_module(package).__file__
        assert file is not None
        root = Path(file).parent
        for path in sorted(root.rglob("*.py")):
            parts = (package, *path.relative_to(root).with_suffix("").parts)
            if "__main__" not in parts:
                modules.append((".".join(parts).removesuffix(".__init__"), path))
    return tuple(modules)


def _foreign_class(name: str, trust: Sequence[str]) -> type:
    module, _, last = name.rpartition(".")
    package = name.partition(".")[0]
    if package in OURS:
        raise CannotRebuild(f"there is no class {name!r}: files call our classes by their names without the module")
    if package not in trust:
        raise CannotRebuild(
            f"class {name!r} is of package {package!r}, which is not trusted; if it is your own, say so "
            "(play --trust PACKAGE, load_policy(path, trust=...))"
        )
    kind: Any = None
    if not any(word.startswith("__") for word in module.split(".")):  # importing a __main__ runs it
        try:
            kind = getattr(importlib.import_module(module), last, None)
        except ImportError as error:
            raise CannotRebuild(f"there is no class {name!r} (any more): {error}") from error
    if not isinstance(kind, type) or kind.__module__ != module:
        raise CannotRebuild(f"there is no class {name!r} (any more)")
    if not _is_frozen_dataclass(kind):
        raise CannotRebuild(f"{name!r} is no frozen dataclass, and nothing else is built from a file")
    return kind


def _is_frozen_dataclass(kind: Any) -> bool:
    """Whether it is a frozen dataclass."""
    return isinstance(kind, type) and is_dataclass(kind) and bool(kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _build(kind: type, values: dict[str, Any]) -> Any:
    known = {f.name: f for f in fields(kind)}
    for name in values:
        if name not in known:
            raise CannotRebuild(f"{kind.__name__} has no field {name!r} (any more); it has {', '.join(known)}")
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise CannotRebuild(f"{kind.__name__} needs a field {name!r}, which the file does not hold")
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise CannotRebuild(f"{kind.__name__}: {error}") from error

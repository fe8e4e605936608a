"""Frozen dataclasses from the JSON that describes them (benchmarks.experiment.canonical): the way back.

Only classes of trusted packages are built, by their qualified names, so that a file can choose among our choices and do
nothing else. No registry is asked: what is described was never looked up by its name.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from envs.custom.sources import OURS, SOURCE


class CannotRebuild(ValueError):
    """A description of something that is foreign, gone or not valid."""


def rebuild(data: Any, packages: Sequence[str] = OURS, **more: Any) -> Any:
    """The value that `data` describes; lists become tuples. `more`: fields that a description leaves out.

    CannotRebuild for a class of another package, one that there is not, or fields that do not fit it.
    """
    if isinstance(data, list):
        return tuple(rebuild(item, packages) for item in data)
    if not isinstance(data, dict):
        return data
    values = {name: rebuild(value, packages) for name, value in data.items() if name not in ("class", SOURCE)}
    return _made(_class(data["class"], packages), more | values) if "class" in data else values


def _class(name: object, packages: Sequence[str]) -> type:
    words = str(name).split(".")
    if words[0] not in packages:
        raise CannotRebuild(
            f"class {str(name)!r} is of package {words[0]!r}, and only those of {', '.join(packages)} are trusted; "
            "if it is your own, say so (play --trust PACKAGE, load_policy(path, trust=...))"
        )
    module = ".".join(words[:-1])
    found: Any = None
    if module and not any(word.startswith("__") for word in words):  # importing a __main__ runs it
        try:
            found = getattr(importlib.import_module(module), words[-1], None)
        except ImportError as error:
            raise CannotRebuild(f"there is no class {name!r} (any more): {error}") from error
    if not isinstance(found, type) or found.__module__ != module:
        raise CannotRebuild(f"there is no class {name!r} (any more)")
    if not is_dataclass(found) or not found.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise CannotRebuild(f"{name!r} is no frozen dataclass, and nothing else is built from a file")
    return found


def _made(kind: type, values: dict[str, Any]) -> Any:
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

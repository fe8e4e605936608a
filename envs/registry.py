"""Registries without central lists: each module of a package declares a constant, which is collected here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def declared(package: str, constant: str) -> list[object]:
    """The value of `constant` in every module of `package` that has it, in order of module names."""
    found: list[object] = []
    root = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        value = getattr(importlib.import_module(f"{package}.{module.name}"), constant, None)
        if value is not None:
            found.append(value)
    return found


def unique(items: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The items as a dictionary; an error if two have the same name."""
    registry: dict[str, T] = {}
    for name, item in items:
        if name in registry:
            raise ValueError(f"two entries are called {name!r}")
        registry[name] = item
    return registry

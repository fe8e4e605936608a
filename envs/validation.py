"""Checks of arguments, with the errors that they raise."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from envs.registry import T


def check_least(**least: tuple[float, float]) -> None:
    """ValueError naming the knob if a value is too small; name=(value, smallest allowed)."""
    for name, (value, smallest) in least.items():
        if not value >= smallest:
            raise ValueError(f"{name} must be at least {smallest}, not {value}")


def check_between(**between: tuple[float, float, float]) -> None:
    """ValueError naming the knob if a value lies outside [low, high]; name=(value, low, high)."""
    for name, (value, low, high) in between.items():
        if not low <= value <= high:
            raise ValueError(f"{name} must lie in [{low}, {high}], not {value}")


class UsageError(ValueError):
    """A request that cannot be fulfilled. The message says why and what is possible. It is raised before any work."""


class UnknownName(UsageError):
    """A name that is not in a registry. The message lists the nearest valid names, and `more`, which may help."""

    def __init__(self, kind: str, name: str, valid: Iterable[str], more: str = "") -> None:
        names = sorted(valid)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:3]
        self.kind = kind
        nearest = f"nearest: {', '.join(near)}" if near else "there is none"
        super().__init__("; ".join(part for part in (f"unknown {kind} {name!r}", nearest, more) if part))


def look_up(registry: Mapping[str, T], name: str, kind: str) -> T:
    """registry[name]; UnknownName with the nearest names if it is missing."""
    if name not in registry:
        raise UnknownName(kind, name, registry)
    return registry[name]

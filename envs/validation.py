"""Knobs in their ranges: the errors that text tasks share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from envs.registry import T


def check_least(**least: tuple[float, float]) -> None:
    """ValueError naming the knob where name=(value, smallest allowed) is violated."""
    for name, (value, smallest) in least.items():
        if not value >= smallest:
            raise ValueError(f"{name} must be at least {smallest}, not {value}")


def check_between(**between: tuple[float, float, float]) -> None:
    """ValueError naming the knob where name=(value, low, high) lies outside [low, high]."""
    for name, (value, low, high) in between.items():
        if not low <= value <= high:
            raise ValueError(f"{name} must lie in [{low}, {high}], not {value}")


class UsageError(ValueError):
    """The user asked for something that cannot be done; the message names it and says what can. Found before any work."""


class UnknownName(UsageError):
    """A name that is in no registry. The message gives the nearest valid ones."""

    def __init__(self, kind: str, name: str, valid: Iterable[str]) -> None:
        names = sorted(valid)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:3]
        self.kind = kind
        super().__init__(f"unknown {kind} {name!r}; " + (f"nearest: {', '.join(near)}" if near else "there is none"))


def look_up(registry: dict[str, T], name: str, kind: str) -> T:
    """registry[name], or an UnknownName error that helps."""
    if name not in registry:
        raise UnknownName(kind, name, registry)
    return registry[name]

"""The protocol of a sink: an experiment tracker that gets the learning curve of each member while it is trained.

    tags    score/return, score/greedy, measures/<name>     step    env_steps of the member

Sinks are copies for the eye. The results are the cells' Parquet files, which hold all of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from envs.validation import UsageError


@dataclass(frozen=True)
class LoggedRun:
    """A member of a cell, in the words of trackers.

    project  the experiment
    name     its task, variant, seed, and its rate where members differ in it; unique within a project
    group    its task and variant: the runs of a group differ in their seeds
    config   task, variant, seed and all settings
    """

    project: str
    name: str
    group: str
    config: Mapping[str, Any]


class OpenRun(Protocol):
    """A run that is being written."""

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Finite values by tag at `step` environment steps; steps of a run rise."""

    def close(self) -> None:
        """Nothing more comes."""


class Sink(Protocol):
    """A tracker. Whatever its methods raise ends the sink, never the run (execution.sinks.live)."""

    name: str

    @property
    def hint(self) -> str:
        """Where it writes, and the command that shows it."""

    def open(self, run: LoggedRun) -> OpenRun:
        """Begin a run. It takes the place of an earlier run of the same name in its project."""


def package(name: str, sink: str, extra: str) -> Any:
    """The module of an optional package. UsageError where it cannot be imported; call it before any work."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"--log {sink} needs a package that is missing ({error}): pip install {extra}") from error

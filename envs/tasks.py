"""`TASKS`: all named tasks, by name. The floor and the ceiling of a text task are computed when it is looked up."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from envs.api import Task
from envs.registry import Registry, declared, unique
from envs.text_env import Preset

PRESETS: dict[str, Preset] = unique(
    (preset.name, preset) for table in declared("envs.text", "TASKS") for preset in table
)


def _tasks() -> Iterator[tuple[str, Callable[[], Task]]]:
    for name, preset in PRESETS.items():
        yield name, preset.task
    for table in declared("envs.control", "TASKS"):
        yield from ((task.name, _constant(task)) for task in table)


def _constant(task: Task) -> Callable[[], Task]:
    return lambda: task


TASKS: Registry[Task] = Registry(_tasks)


def stored_returns() -> dict[str, tuple[float, float]]:
    """(floor, ceiling) of the named text tasks to 9 decimals, for what shows all of them and cannot wait.

    envs/text/returns.csv; `nox -s docs` writes it, and a test holds it to what is computed.
    """
    with (Path(__file__).parent / "text" / "returns.csv").open(newline="") as file:
        return {row["task"]: (float(row["floor"]), float(row["ceiling"])) for row in csv.DictReader(file)}

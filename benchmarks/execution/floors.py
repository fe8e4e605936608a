"""Floors of user tasks: the uniform policy's return, measured once and stored.

results/floors/<task>__<hash of what the environment is>.json
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.design.identity import canonical
from benchmarks.store.descriptions import hashed_part
from benchmarks.store.file_names import file_safe
from benchmarks.store.files import Damaged, read_document, save_json
from benchmarks.validation.isolation import ChildFailed, run_in_child
from envs import random_policy
from envs.api import Task
from envs.validation import UsageError

FOLDER = "floors"


def with_floors(tasks: Sequence[Task], results: Path) -> list[Task]:
    """The tasks, each with its floor: a missing floor is measured once, and then read from `results`/floors."""
    return [task if task.floor is not None else _with_floor(task, results / FOLDER) for task in tasks]


def _with_floor(task: Task, folder: Path) -> Task:
    path = folder / f"{file_safe(task.name)}__{_key(task)}.json"
    floor, when = _stored_floor(path), "measured before"
    if floor is None:
        print(f"measuring the uniform policy's return on {task.name}", file=sys.stderr)
        try:
            measured = run_in_child(lambda: random_policy.measure_floor(task))
        except ChildFailed as error:  # an environment may do anything; training will say it again
            return _without_floor(task, str(error))
        floor, when = measured.mean, f"{measured.episodes} episodes"
        save_json(path, {"task": task.name, **measured._asdict()})
    print(f"floor of {task.name}: {floor:.6g}, the uniform policy's mean return ({when})", file=sys.stderr)
    if task.ceiling is not None and floor >= task.ceiling:
        raise UsageError(
            f"the uniform policy's return on {task.name} is {floor:g}: --ceiling must be above it, not {task.ceiling:g}"
        )
    return replace(task, floor=floor)


def _without_floor(task: Task, why: str) -> Task:
    """The unchanged task, with a message why it has no floor. UsageError where its scores need one."""
    text = f"the floor of {task.name} cannot be measured ({why.splitlines()[0]})"
    if task.ceiling is not None:
        raise UsageError(f"{text}; give it by --floor")
    print(f"{text}; diverged runs count as the worst finite return", file=sys.stderr)
    return task


def _key(task: Task) -> str:
    """Hash of what the floor depends on."""
    what = {"factory": canonical(task.factory), "gamma": task.gamma, "beta": task.beta}
    return hashlib.sha256(json.dumps(hashed_part(what), sort_keys=True).encode()).hexdigest()[:16]


def _stored_floor(path: Path) -> float | None:
    """The floor in a file; None where it is missing or damaged."""
    try:
        value = read_document(path)["mean"]
    except (Damaged, KeyError):
        return None
    return float(value) if isinstance(value, (int, float)) else None

"""What a candidate is judged on: instances of tasks and seeds that are drawn from a hash of its own file.

Nobody knows them before the file is written, and the same file has the same ones at every judgement. Its author can compute
them, for all code can be read, and can draw again by changing the file. `--salt`, a word that only the judge knows, prevents
both (docs/judge.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from envs.api import Task
from envs.text.bandit import Bandit
from envs.text.guessnumber import GuessNumber
from envs.text.increasing import Increasing
from envs.text.lock import Lock
from envs.text.textgraph import TextGraph
from envs.text.transduce import Operation, Transduce
from envs.text_env import TextFactory, text_task

FIRST_SEED = 1_000_000  # below it are the seeds of `tune`, which have the same purpose
SEED_BITS = 30
INSTANCES = 2**31
OPERATIONS: tuple[Operation, ...] = ("reverse", "sort", "caesar")  # without that of the open task

Draw = Callable[[np.random.Generator], TextFactory]


def _instance(rng: np.random.Generator) -> int:
    return int(rng.integers(1, INSTANCES))


def _bandit(rng: np.random.Generator) -> TextFactory:
    return Bandit(arms=int(rng.integers(50, 101)), contexts=int(rng.integers(4, 9)), instance=_instance(rng))


def _lock(rng: np.random.Generator) -> TextFactory:
    distractor = float(rng.choice((0.05, 0.1, 0.15)))
    return Lock(length=2, vocabulary=5, distractor=distractor, locks=int(rng.integers(3, 6)), instance=_instance(rng))


def _transduce(rng: np.random.Generator) -> TextFactory:
    operation = OPERATIONS[rng.integers(len(OPERATIONS))]
    return Transduce(operation=operation, symbols=4, length=int(rng.integers(3, 5)), reward_shift=1.0)


def _increasing(rng: np.random.Generator) -> TextFactory:
    length = int(rng.integers(6, 10))
    return Increasing(numbers=int(rng.integers(10, 17)), length=length, min_tokens=length + 2)


def _dialogue(rng: np.random.Generator) -> TextFactory:
    if rng.integers(2):
        return GuessNumber(numbers=int(rng.integers(6, 10)), turns=5)
    return TextGraph(size=2, steps=6, mazes=int(rng.integers(2, 4)), instance=_instance(rng))


# three families of the open tasks in other sizes and instances, then two families that are not among them
DRAWS: dict[str, Draw] = {
    "bandit": _bandit,
    "lock": _lock,
    "transduce": _transduce,
    "increasing": _increasing,
    "dialogue": _dialogue,
}


@dataclass(frozen=True)
class Hidden:
    """The tasks and the seeds of one judgement; `draw` is the hash that they come from."""

    draw: str
    tasks: tuple[Task, ...]
    first_seed: int


def knobs(task: Task) -> str:
    """The kind of a task, and its fields that are not at their default: Lock length=2, locks=4."""
    factory: Any = task.factory
    own = [f.name for f in fields(factory) if getattr(factory, f.name) != f.default]
    return f"{type(factory).__name__} {', '.join(f'{name}={getattr(factory, name)}' for name in own)}"


def hide(source: str, salt: str = "") -> Hidden:
    """The tasks and seeds of a candidate: a function of its source and of the judge's word."""
    draw = hashlib.sha256(f"{salt}\n{source}".encode()).hexdigest()
    rng = np.random.default_rng(int(draw, 16))
    tasks = tuple(text_task(f"hidden/{name}", make(rng)) for name, make in DRAWS.items())
    return Hidden(draw, tasks, FIRST_SEED + int(rng.integers(2**SEED_BITS)))

"""A stage of a language model: a generator that shows its progress, can be resumed, and returns what it has made."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

import numpy as np

from algorithms.training.state import RunState
from envs.seeding import Purpose, Role, generator

T = TypeVar("T")


@dataclass(frozen=True)
class StageProgress:
    """`done` of `total` steps of a stage, and what was measured meanwhile. `notice` is a message for the user."""

    done: int
    total: int
    measures: Mapping[str, float] = field(default_factory=dict)
    notice: str = ""


StageEvent = StageProgress | RunState
Stage = Generator[StageEvent, None, T]


class Stream(IntEnum):
    """What a stage draws at random: the first position in a member's Role.STAGE."""

    ADAPTERS = 0
    DEMONSTRATIONS = 1
    REWARD_ADAPTERS = 2
    PAIRS = 3
    COMPLETIONS = 4
    LABELS = 5
    BEST_OF_N = 6
    SAMPLES = 7
    LABELLED_STARTS = 8
    LABELLED_ACTIONS = 9


def streams(
    seeds: tuple[int, ...], use: Stream, *position: int, purpose: Purpose = Purpose.TRAIN
) -> list[np.random.Generator]:
    """A generator for each member, which depends on its own seed only."""
    return [generator(seed, Role.STAGE, int(use), *position, purpose=purpose) for seed in seeds]


def finish(stage: Stage[T]) -> T:
    """The result of a stage whose progress nobody looks at."""
    while True:
        try:
            next(stage)
        except StopIteration as stop:
            return stop.value

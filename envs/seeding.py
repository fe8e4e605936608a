"""Seeds: every random number of a run comes from (purpose of the seed, seed, role, position), and from nowhere else.

A member's generators are children of its own SeedSequence, so they do not depend on the number of members. They are
derived anew at every segment, so a resumed run needs no saved generator state.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol, runtime_checkable

import numpy as np


class Purpose(IntEnum):
    """Disjoint families of seeds: seed 3 for selection shares nothing with seed 3 for training."""

    TRAIN = 0
    SELECTION = 1
    TUNING = 2
    TEST = 3


class Role(IntEnum):
    """The use of a random stream within one member."""

    INITIALISATION = 0
    ENVIRONMENT = 1
    ACTION = 2
    EVALUATION_ENVIRONMENT = 3
    EVALUATION_ACTION = 4
    MINIBATCH = 5
    SCHEDULE = 6
    STAGE = 7


def stream(seed: int, role: Role, *position: int, purpose: Purpose = Purpose.TRAIN) -> np.random.SeedSequence:
    """The SeedSequence of one member's role, at a position such as (segment,) or (segment, update)."""
    return np.random.SeedSequence(seed, spawn_key=(int(purpose), int(role), *position))


def generator(seed: int, role: Role, *position: int, purpose: Purpose = Purpose.TRAIN) -> np.random.Generator:
    """A PCG64 generator on `stream(...)`."""
    return np.random.default_rng(stream(seed, role, *position, purpose=purpose))


class EpisodeSeeds:
    """Seeds of the episodes of environments that are reset one by one; `group` neighbours share each episode's seed.

    A group of one is seeded once, and its generator goes on. Others are seeded in every episode: their generators draw apart
    once their episodes differ.
    """

    def __init__(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> None:
        """`len(seeds)` members with `envs` environments each."""
        self._group = group
        self._first = [int(s) for seed in seeds for s in seed.generate_state(envs // group, np.uint32) >> 1]
        self._episode = [0] * (len(seeds) * envs)

    def next(self, i: int) -> int | None:
        """The seed of the next episode of environment i, counted over all members; None: its generator goes on."""
        episode, first = self._episode[i], self._first[i // self._group]
        self._episode[i] += 1
        if episode == 0:
            return first
        if self._group == 1:
            return None
        return int(np.random.SeedSequence(first, spawn_key=(episode,)).generate_state(1)[0] >> 1)


@runtime_checkable
class SeededOnce(Protocol):
    """A factory some of whose environments cannot begin each episode from a seed, and so cannot share starts."""

    def reason_unshared(self) -> str | None:
        """Why a group of environments cannot share its starts; None if it can."""


def reason_unshared(factory: object) -> str | None:
    """What a `SeededOnce` says; None for all other factories of environments."""
    return factory.reason_unshared() if isinstance(factory, SeededOnce) else None

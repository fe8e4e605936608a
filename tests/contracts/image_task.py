"""A made-up task that shows images: contracts of the convolutional policy need no Atari game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from envs.api import Array, Bools, Discrete, Image, Spec, Step, Task

SIDE = 36


class NoisyVec:
    """Noise whose brightness says which of 3 actions pays 1; each member's from its own seed; 5 steps an episode."""

    spec = Spec(Image(2, SIDE, SIDE), Discrete(3), 5)

    def __init__(self, seeds: Sequence[np.random.SeedSequence], envs: int) -> None:
        self._rngs = [np.random.default_rng(seed) for seed in seeds]
        self._envs, self._t = envs, 0

    def reset(self) -> tuple[Array, Bools | None]:
        self._t = 0
        return self._shown(), None

    def step(self, action: Array, active: Bools) -> Step:
        reward = (action == self._wanted).astype(np.float32)
        self._t += 1
        cut = np.full(active.shape, self._t % 6 == 5)
        reset = self._t % 6 == 0
        return Step(self._shown(), reward * (not reset), np.zeros_like(cut), cut, None)

    def close(self) -> None: ...

    def _shown(self) -> Array:
        self._wanted = np.stack([rng.integers(3, size=self._envs) for rng in self._rngs])
        shape = (self._envs, 2, SIDE, SIDE)
        noise = np.stack([rng.integers(80, size=shape, dtype=np.uint8) for rng in self._rngs])
        return noise + (80 * self._wanted).astype(np.uint8)[..., None, None, None]


@dataclass(frozen=True)
class Noisy:
    """The factory of NoisyVec."""

    spec: ClassVar[Spec] = NoisyVec.spec

    def make(self, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1) -> NoisyVec:
        return NoisyVec(seeds, envs)


IMAGES = Task("images", Noisy(), floor=5 / 3, ceiling=5.0, threshold=4.5, field="made up", source="these tests")

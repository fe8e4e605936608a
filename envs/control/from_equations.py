"""Classic control as a VecEnv: NumPy equations over the environments that step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from envs.api import Array, Bools, Features, Floats, Ints, Spec, Step
from envs.control.acrobot import Acrobot
from envs.control.equations import CartPole, MountainCar, MountainCarContinuous, Pendulum, Real, System

SYSTEMS: dict[str, type[System]] = {
    "CartPole-v0": CartPole,
    "CartPole-v1": CartPole,
    "Acrobot-v1": Acrobot,
    "Pendulum-v1": Pendulum,
    "MountainCar-v0": MountainCar,
    "MountainCarContinuous-v0": MountainCarContinuous,
}
AHEAD = 8  # episodes whose starts are drawn at once
Number = TypeVar("Number", bound=np.generic)


class EquationsVec:
    """P x N environments of a system, auto-reset NEXT_STEP.

    The state [ROWS + 1, P N] has a row a variable; the last one is a clock: steps in the episode, or ENDED. The columns of
    the environments that step are gathered, and remain so until others step.
    """

    ENDED = -1.0

    def __init__(
        self, env_id: str, spec: Spec, seeds: Sequence[np.random.SeedSequence], envs: int, group: int = 1
    ) -> None:
        """group: how many neighbours share the start of each episode."""
        self.spec = spec
        self.shape = (len(seeds), envs)
        self._group = group
        self._system = SYSTEMS[env_id]
        self._generators = [np.random.default_rng(seed) for seed in seeds]
        self._episode: Ints = np.zeros(len(seeds) * envs, np.int64)  # the next one of each environment
        # the first variables [K, P N, d] at the starts of episodes `_first`, `_first` + 1, ...
        self._drawn: Real = np.zeros((0, len(seeds) * envs, len(self._system.LOW)))
        self._first = 0
        self._all: Real = np.zeros((self._system.ROWS + 1, len(seeds) * envs), self._system.DTYPE)
        self._active = b""
        self._rows: Ints | None = None  # places of the environments that step; None: all
        self._gather(None)
        features = len(self._moving.seen)
        if spec.observation != Features(features):
            raise ValueError(f"{env_id} is read as {Features(features)}, not as its task's {spec.observation}")
        self._obs: Floats = np.zeros((len(seeds) * envs, features), np.float32)

    def reset(self) -> tuple[Array, Bools | None]:
        self._active = b""
        self._gather(None)
        self._all[...] = self._starts(np.arange(self._all.shape[1]), 1)
        self._restarting = False
        self._observe()
        return self._obs.reshape(*self.shape, -1), None

    def step(self, action: Array, active: Bools) -> Step:
        self._select(active)
        rows, clock = self._rows, self._clock
        chosen = action.reshape(-1)
        reward, terminated = self._moving.move(chosen if rows is None else chosen[rows])
        clock += 1
        truncated = clock >= self.spec.horizon
        np.greater(truncated, terminated, out=truncated)
        if self._restarting:
            self._restart(reward, terminated, truncated)
        ended = terminated | truncated
        self._restarting = bool(ended.any())
        if self._restarting:
            clock[ended] = self.ENDED
        self._observe()
        if rows is not None:
            reward = self._spread(reward, rows)
            terminated, truncated = self._spread(terminated, rows), self._spread(truncated, rows)
        shape = self.shape
        ends = terminated.reshape(shape), truncated.reshape(shape)
        return Step(self._obs.reshape(*shape, -1), reward.reshape(shape), *ends, None)

    def close(self) -> None: ...

    def _select(self, active: Bools) -> None:
        """Gather the columns of the active environments, unless they are gathered already."""
        key = active.tobytes()
        if key == self._active:
            return
        if self._rows is not None:
            self._all[:, self._rows] = self._state
        self._active = key
        self._gather(None if active.all() else np.flatnonzero(active))

    def _gather(self, rows: Ints | None) -> None:
        self._rows = rows
        self._state = self._all if rows is None else self._all.take(rows, 1)
        self._moving, self._clock = self._system(self._state[:-1]), self._state[-1]
        self._restarting = bool((self._clock < 0).any())  # whether the next step begins an episode

    def _restart(self, reward: Floats, terminated: Bools, truncated: Bools) -> None:
        """Begin an episode where the last one had ended."""
        places = np.flatnonzero(self._clock == self.ENDED + 1)
        self._state[:, places] = self._starts(places if self._rows is None else self._rows[places], AHEAD)
        reward[places] = terminated[places] = truncated[places] = 0

    def _starts(self, rows: Ints, ahead: int) -> Real:
        """Columns of the next starts of these environments; `ahead` episodes are drawn if one is missing.

        The start of episode e in environment n is row n // group of its member's draw e, whichever environments step.
        """
        episode = self._episode[rows]
        while episode.max() >= self._first + len(self._drawn):
            self._draw(ahead)
        self._episode[rows] += 1
        started: Real = np.zeros((len(self._all), len(rows)), self._system.DTYPE)
        started[: self._drawn.shape[2]] = self._drawn[episode - self._first, rows].T
        self._system(started[:-1]).derive()
        return started

    def _draw(self, count: int) -> None:
        """Draw the starts of `count` more episodes, and drop those of episodes that all environments have begun."""
        (members, envs), low, high = self.shape, np.array(self._system.LOW), np.array(self._system.HIGH)
        starts = np.stack([rng.random((count, envs // self._group, len(low))) for rng in self._generators], 1)
        drawn = starts.repeat(self._group, axis=2)
        dropped = int(self._episode.min()) - self._first
        fresh = (low + (high - low) * drawn).reshape(count, members * envs, -1)
        self._drawn = np.concatenate([self._drawn[dropped:], fresh])
        self._first += dropped

    def _observe(self) -> None:
        """A new array of observations, in which those of environments that do not step are copied."""
        rows = self._rows
        self._obs = np.empty_like(self._obs) if rows is None else self._obs.copy()
        for column, seen in zip(self._obs.T, self._moving.seen, strict=True):
            column[slice(None) if rows is None else rows] = seen

    def _spread(self, values: NDArray[Number], rows: Ints) -> NDArray[Number]:
        """Values of the environments that step, and 0 for the others."""
        spread: NDArray[Number] = np.zeros(self._all.shape[1], values.dtype)
        spread[rows] = values
        return spread

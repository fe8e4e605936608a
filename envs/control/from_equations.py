"""Classic control as a VecEnv: NumPy equations over the environments that step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from envs.api import Array, Bools, Box, Floats, Spec, Step
from envs.control.equations import SYSTEMS

BLOCK = 64  # starts that a member draws ahead


class EquationsVec:
    """P x N environments of a system, auto-reset NEXT_STEP.

    The state [ROWS + 1, P N] has a row a variable; the last one is a clock: steps in the episode, or ENDED. The columns of
    the environments that step are gathered, and remain so until others step.
    """

    ENDED = -1.0

    def __init__(self, env_id: str, spec: Spec, seeds: Sequence[np.random.SeedSequence], envs: int) -> None:
        self.spec = spec
        self.shape = (len(seeds), envs)
        self._system = SYSTEMS[env_id]
        self._generators = [np.random.default_rng(seed) for seed in seeds]
        # drawn for several starts at once, and how many of them are used
        self._drawn: Array = np.zeros((len(seeds), envs + BLOCK, len(self._system.LOW)))
        self._used: Array = np.full(len(seeds), envs + BLOCK)
        self._all: Array = np.zeros((self._system.ROWS + 1, len(seeds) * envs), self._system.DTYPE)
        self._continuous = isinstance(spec.action, Box)
        self._features = len(self._system(self._all).seen)
        self._obs: Floats = np.zeros((len(seeds) * envs, self._features), np.float32)
        self._active = b""
        self._rows: Array | None = None  # places of the environments that step; None: all
        self._gather(None)

    def reset(self) -> tuple[Array, Bools | None]:
        self._active = b""
        self._gather(None)
        self._all[...] = self._starts(np.arange(self._all.shape[1]))
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
            reward, terminated, truncated = (self._spread(x, rows) for x in (reward, terminated, truncated))
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

    def _gather(self, rows: Array | None) -> None:
        self._rows = rows
        self._state = self._all if rows is None else self._all.take(rows, 1)
        self._moving, self._clock = self._system(self._state[:-1]), self._state[-1]
        self._restarting = bool((self._clock < 0).any())  # whether the next step begins an episode

    def _restart(self, reward: Floats, terminated: Bools, truncated: Bools) -> None:
        """Begin an episode where the last one had ended."""
        places = np.flatnonzero(self._clock == self.ENDED + 1)
        self._state[:, places] = self._starts(places if self._rows is None else self._rows[places])
        reward[places] = terminated[places] = truncated[places] = 0

    def _starts(self, rows: Array) -> Array:
        """Columns of the starts of these environments."""
        drawn = self._draw(rows // self.shape[1])
        started: Array = np.zeros((len(self._all), len(rows)), self._system.DTYPE)
        started[: drawn.shape[1]] = drawn.T
        self._system(started[:-1]).derive()
        return started

    def _draw(self, members: Array) -> Array:
        """The next first variables [k, d] of these members, in ascending order, each from its own generator."""
        place = np.arange(len(members)) - np.searchsorted(members, members) + self._used[members]
        if place.max() >= self._drawn.shape[1]:
            place -= self._used[members]
            self._refill()
        self._used[members] = place + 1  # the last place of a member counts
        return self._drawn[members, place]

    def _refill(self) -> None:
        """Replace the numbers that are used by new ones, which come after those that are left."""
        low, high = np.array(self._system.LOW), np.array(self._system.HIGH)
        for drawn, used, generator in zip(self._drawn, self._used.tolist(), self._generators, strict=True):
            drawn[: len(drawn) - used] = drawn[used:].copy()
            drawn[len(drawn) - used :] = low + (high - low) * generator.random((used, len(low)))
        self._used[:] = 0

    def _observe(self) -> None:
        """A new array of observations, in which those of environments that do not step are copied."""
        rows = self._rows
        self._obs = np.empty_like(self._obs) if rows is None else self._obs.copy()
        for column, seen in zip(self._obs.T, self._moving.seen, strict=True):
            column[slice(None) if rows is None else rows] = seen

    def _spread(self, values: Array, rows: Array) -> Array:
        """Values of the environments that step, and 0 for the others."""
        spread = np.zeros(self._all.shape[1], values.dtype)
        spread[rows] = values
        return spread

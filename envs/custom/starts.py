"""Whether the environments of a group begin their episodes alike, as a baseline from their returns takes for granted."""

from __future__ import annotations

import numpy as np

from envs.api import Array
from envs.custom.faults import InvalidOutput

RELATIVE, ABSOLUTE = 1e-4, 1e-5  # of an observation: a physics engine that is used again may round otherwise


class SharedStarts:
    """The first observation of each episode of a group, compared among the environments that were reset with its seed.

    It sees observations alone: a start that differs in what is not observed is not noticed.
    """

    def __init__(self, envs: int, group: int) -> None:
        """envs: of all members"""
        self._group = group
        self._begun = [0] * envs
        self._open: dict[tuple[int, int], tuple[Array, int]] = {}  # (group, episode) -> its start, how many have begun

    def check(self, i: int, obs: Array) -> None:
        """Environment i has begun its next episode with this observation. InvalidOutput if its group began otherwise."""
        if self._group == 1:
            return
        episode = i // self._group, self._begun[i]
        self._begun[i] += 1
        first, count = self._open.pop(episode, (obs.copy(), 0))
        if not np.allclose(obs, first, RELATIVE, ABSOLUTE, equal_nan=True):
            raise InvalidOutput(
                "began an episode otherwise than its neighbour did from the same seed, and a group compares episodes that "
                "begin alike: reset(seed=...) must decide the start",
                i,
            )
        if count + 1 < self._group:
            self._open[episode] = first, count + 1

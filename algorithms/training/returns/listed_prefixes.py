"""The texts before an action of a task that can be listed, found again in rollouts by their numbers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.baselines.prefixes import prefix_numbers
from envs.api import Ints, Task, Transcript
from envs.enumeration import Enumeration


class ListedPrefixes:
    """C distinct texts, in the order of their numbers. Legal actions alone do not part two of them."""

    def __init__(self, task: Task, episodes: Enumeration) -> None:
        observation, valid = task.spec.observation, episodes.valid
        assert isinstance(observation, Transcript)
        tokens = torch.from_numpy(episodes.transcript).T  # [L, S]
        numbers = prefix_numbers(tokens, observation.action_position[: len(valid)]).numpy()  # [T, S]
        self._valid = valid
        self._numbers, self._first = np.unique(numbers[valid], return_index=True)

    def of_each(self, x: Ints) -> Ints:
        """[C] what x [T, S], a number of the text before each listed action, is for each text."""
        found: Ints = x[self._valid][self._first]
        return found

    def places(self, prefix: Tensor) -> Ints:
        """The place in 0..C-1 of the texts with these numbers (rollout.prefix [T, P, N])."""
        return np.searchsorted(self._numbers, prefix.cpu().numpy()).clip(max=len(self._numbers) - 1)

"""The members of a population, and the events of training: progress, records, states, trained policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from algorithms.training.observation_normaliser import Moments
from algorithms.training.state import RunState
from envs.seeding import Purpose


@dataclass(frozen=True)
class Members:
    """One seed and one learning rate per member. Seeds may repeat, for several configurations on the same seeds.

    varied  other fields in which members differ: a path (algorithms.tunable) and one number per member
    """

    seeds: tuple[int, ...]
    rates: tuple[float, ...]
    purpose: Purpose = Purpose.TRAIN
    varied: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def select_members(self, indices: Sequence[int]) -> Members:
        """The members at these indices."""

        def chosen(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[i] for i in indices)

        varied = tuple((path, chosen(values)) for path, values in self.varied)
        return replace(self, seeds=chosen(self.seeds), rates=chosen(self.rates), varied=varied)


@dataclass(frozen=True)
class Record:
    """The results of one member at one checkpoint.

    measures  measures of an evaluation besides J (algorithms.training.evaluation.Scores), and diagnostics of training
    texts     samples of the first member of a text task before and after training; text_scores: of each, by name
    member    index of the member in its cell
    """

    seed: int
    learning_rate: float
    checkpoint: int
    fraction: float
    env_steps: int
    updates: int
    wall_s: float
    eval_return: float
    eval_return_greedy: float
    diverged: bool
    measures: dict[str, float] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    text_scores: tuple[dict[str, float], ...] = ()
    member: int = 0


@dataclass(frozen=True)
class Progress:
    """Environment steps of all members of a cell so far, out of `budget`. `notice` is a message for the user.

    saved  of these steps, those that a RunState holds which was saved since the start
    """

    env_steps: int
    budget: int
    notice: str = ""
    saved: int = 0


class Trained(NamedTuple):
    """The policies of a population at its last checkpoint, to which its final scores belong."""

    parameters: dict[str, Tensor]  # [P, ...] by name
    moments: Moments  # of the normaliser, [P, ...] by name
    lost: np.ndarray  # [P] members that diverged before


TrainingEvent = Record | Progress | RunState | Trained

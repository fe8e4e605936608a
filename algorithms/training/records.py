"""The members that train, and the events of training: progress, records, states to resume from, trained policies."""

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
    """One seed and one learning rate a member; seeds may repeat (several configurations on the same seeds).

    varied  other fields in which members differ: a path (algorithms.tunable) and one number a member
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
    """One member at one checkpoint.

    measures  what an evaluation reads beside J (algorithms.training.evaluation.Scores), and training's diagnostics
    texts     what the first member of a text task writes before and after training
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
    member: int = 0


@dataclass(frozen=True)
class Progress:
    """Environment steps that a cell's members have made together, of `budget`; `notice` is a message for the user."""

    env_steps: int
    budget: int
    notice: str = ""


class Trained(NamedTuple):
    """The policies of a population's last checkpoint: those that its final scores belong to."""

    parameters: dict[str, Tensor]  # [P, ...] by name
    moments: Moments  # of the normaliser, [P, ...] by name
    lost: np.ndarray  # [P] who diverged before


TrainingEvent = Record | Progress | RunState | Trained

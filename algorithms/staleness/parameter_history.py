"""Parameters of earlier updates, for a population whose rollouts are played by actors that lag behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from algorithms.staleness.clock import ActorSchedule, LearnedRollout
from envs.seeding import Purpose, Role, generator


class ParameterHistory:
    """The last parameters of each member [H, P, D], version v at v mod H, and the version that plays its next rollout.

    Actors normalise observations with the current moments of the learner.
    """

    MEMBER_AXES: ClassVar[dict[str, int | None]] = {"history": 1, "seconds": 0, "lag_max": 0}  # of `tensors()`

    def __init__(self, schedule: ActorSchedule, seeds: Sequence[int], purpose: Purpose, policy: ActorCritic) -> None:
        self._schedules = [schedule.rollouts(generator(s, Role.SCHEDULE, purpose=purpose)) for s in seeds]
        self._drawn = np.zeros(len(seeds), np.int64)  # number of rollouts taken from each member's schedule
        self.history: Tensor = policy.flat.values.detach().clone().repeat(schedule.longest + 1, 1, 1)
        self.seconds = np.zeros(len(seeds))
        self.lag_max = np.zeros(len(seeds))
        self._current: list[LearnedRollout | None] = [None] * len(seeds)
        self._updates = self._drawn.copy()

    @property
    def discarded(self) -> np.ndarray:
        """Number of rollouts discarded before this one [P]; each is charged as many steps as this one."""
        return np.array([0 if rollout is None else rollout.discarded for rollout in self._current])

    def next(self, playing: np.ndarray, updates: np.ndarray) -> None:
        """Draw the next rollout of the playing members, after their `updates` [P]."""
        self._updates = updates.copy()
        pairs = zip(self._schedules, playing, strict=True)
        self._current = [next(schedule) if on else None for schedule, on in pairs]
        self._drawn += playing

    def refresh(self, acting: ActorCritic) -> Callable[[float], bool]:
        """A function that sets the acting parameters before each step: first all, then those that change in flight.

        It returns whether it has changed any.
        """
        pending = [(share, p, age) for p, r in enumerate(self._current) if r is not None for share, age in r.ages]
        pending.sort(reverse=True)

        def before_step(played: float) -> bool:
            changed = False
            while pending and pending[-1][0] <= played:
                _, p, age = pending.pop()
                acting.flat.values[p] = self.history[(self._updates[p] - age) % len(self.history), p]
                changed = True
            return changed

        return before_step

    def lag(self, playing: np.ndarray) -> tuple[Tensor, Tensor]:
        """The mean age [P] of the rollout just learned from, and the members for which it counts."""
        ages = [0.0 if rollout is None else _mean_age(rollout) for rollout in self._current]
        device = self.history.device
        return torch.tensor(ages, device=device), torch.from_numpy(playing.astype(np.float32)).to(device)

    def publish(self, policy: ActorCritic, updates: np.ndarray, playing: np.ndarray) -> None:
        """Store a new version of the members that have learned."""
        for p in np.flatnonzero(playing):
            self.history[updates[p] % len(self.history), p] = policy.flat.values[p]
            rollout = self._current[p]
            assert rollout is not None
            self.seconds[p] = rollout.seconds
            self.lag_max[p] = max(self.lag_max[p], *(age for _, age in rollout.ages))

    def tensors(self) -> dict[str, Tensor]:
        """The state that a resume needs."""
        return {
            "history": self.history,
            "seconds": torch.from_numpy(self.seconds),
            "lag_max": torch.from_numpy(self.lag_max),
        }

    def restore(self, tensors: Mapping[str, Tensor], updates: np.ndarray) -> None:
        """Continue from `tensors()`, after `updates` [P] updates."""
        self.history = tensors["history"].clone()
        self.seconds, self.lag_max = (tensors[name].cpu().numpy().copy() for name in ("seconds", "lag_max"))
        for p, schedule in enumerate(self._schedules):
            for _ in itertools.islice(schedule, int(updates[p] - self._drawn[p])):
                pass
        self._drawn = updates.copy()


def _mean_age(rollout: LearnedRollout) -> float:
    ends = [*(share for share, _ in rollout.ages[1:]), 1.0]
    return sum(age * (end - share) for (share, age), end in zip(rollout.ages, ends, strict=True))

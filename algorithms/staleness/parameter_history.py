"""Parameters as they were some updates ago, for a population whose rollouts are played by actors that lag behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from algorithms.staleness.clock import ActorSchedule, LearnedRollout
from envs.streams import Purpose, Role, generator


class ParameterHistory:
    """A member's last parameters [H, P, D], version v at v mod H, and which of them plays its next rollout.

    Observations are normalised as they are when acting; an actor's moments are the learner's.
    """

    def __init__(self, actors: ActorSchedule, seeds: Sequence[int], purpose: Purpose, policy: ActorCritic) -> None:
        self._feeds = [actors.events(generator(s, Role.SCHEDULE, purpose=purpose)) for s in seeds]
        self._told = np.zeros(len(seeds), np.int64)  # events that each feed has given
        self.history: Tensor = policy.flat.values.detach().clone().repeat(actors.longest + 1, 1, 1)
        self.seconds = np.zeros(len(seeds))
        self.lag_max = np.zeros(len(seeds))
        self._events: list[LearnedRollout | None] = [None] * len(seeds)
        self._updates = self._told.copy()

    @property
    def discarded(self) -> np.ndarray:
        """Rollouts that were thrown away before this one [P]; each is charged as many steps as this one."""
        return np.array([0 if event is None else event.discarded for event in self._events])

    def next(self, playing: np.ndarray, updates: np.ndarray) -> None:
        """The event of the members that play; `updates` [P] that they have made."""
        self._updates = updates.copy()
        self._events = [next(feed) if on else None for feed, on in zip(self._feeds, playing, strict=True)]
        self._told += playing

    def refresh(self, acting: ActorCritic) -> Callable[[float], None]:
        """What sets the acting parameters before each step: at first all, then those that change in flight."""
        pending = [(share, p, age) for p, e in enumerate(self._events) if e is not None for share, age in e.ages]
        pending.sort(reverse=True)

        def before_step(played: float) -> None:
            while pending and pending[-1][0] <= played:
                _, p, age = pending.pop()
                acting.flat.values[p] = self.history[(self._updates[p] - age) % len(self.history), p]

        return before_step

    def lag(self, playing: np.ndarray) -> tuple[Tensor, Tensor]:
        """The age of what was just learned from, mean over the rollout [P], and who it counts for."""
        ages = [0.0 if event is None else _mean(event) for event in self._events]
        device = self.history.device
        return torch.tensor(ages, device=device), torch.from_numpy(playing.astype(np.float32)).to(device)

    def publish(self, policy: ActorCritic, updates: np.ndarray, playing: np.ndarray) -> None:
        """A new version of the members that have learned."""
        for p in np.flatnonzero(playing):
            self.history[updates[p] % len(self.history), p] = policy.flat.values[p]
            event = self._events[p]
            assert event is not None
            self.seconds[p] = event.seconds
            self.lag_max[p] = max(self.lag_max[p], *(age for _, age in event.ages))

    def tensors(self) -> dict[str, Tensor]:
        """What a resume needs."""
        return {
            "history": self.history,
            "seconds": torch.from_numpy(self.seconds),
            "lag_max": torch.from_numpy(self.lag_max),
        }

    def restore(self, tensors: dict[str, Tensor], updates: np.ndarray) -> None:
        """Go on from `tensors()`, after so many updates [P]."""
        self.history = tensors["history"].clone()
        self.seconds, self.lag_max = (tensors[name].cpu().numpy().copy() for name in ("seconds", "lag_max"))
        for p, feed in enumerate(self._feeds):
            for _ in itertools.islice(feed, int(updates[p] - self._told[p])):
                pass
        self._told = updates.copy()


def _mean(event: LearnedRollout) -> float:
    ends = [*(share for share, _ in event.ages[1:]), 1.0]
    return sum(age * (end - share) for (share, age), end in zip(event.ages, ends, strict=True))

"""Simulation of actors that do not wait for the learner: the age of the parameters that play each rollout.

`age` counts updates: the rollout that makes update u was begun with the parameters of update u - age.
Everything comes from the member's own generator, so staleness repeats with the seed and costs no processes.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, get_args

import numpy as np

LEARNER = -1  # the learner's number among the actors


class LearnedRollout(NamedTuple):
    """One rollout that is learned from.

    ages       ((share of the rollout, age), ...): from each share on, it is played with parameters that have this age
               when it is learned; one pair unless parameters are updated in flight
    seconds    time at which its update ends, in simulated seconds
    discarded  number of rollouts that were discarded before it
    """

    ages: tuple[tuple[float, int], ...]
    seconds: float
    discarded: int = 0


class PlayedInterval(NamedTuple):
    """A rollout of an actor: its begin, its end, and the version that it began with."""

    actor: int
    began: float
    ended: float
    version: int


class ActorSchedule(Protocol):
    """The times at which actors play rollouts, and the parameters they use."""

    @property
    def longest(self) -> int:
        """The largest possible age."""

    def rollouts(self, rng: np.random.Generator) -> Iterator[LearnedRollout]:
        """An infinite iterator over rollouts, in the order in which they are learned."""


@dataclass(frozen=True)
class Duration:
    """Gamma-distributed seconds with this mean. `spread` is the standard deviation over the mean; 0 means constant."""

    mean: float
    spread: float = 0.0

    def __post_init__(self) -> None:
        if not self.mean > 0 or self.spread < 0:
            raise ValueError(f"needs a mean above 0 and a spread of 0 at least, not {self.mean} and {self.spread}")

    def draw(self, rng: np.random.Generator) -> float:
        if self.spread == 0:
            return self.mean
        shape = 1 / self.spread**2
        return float(rng.gamma(shape, self.mean / shape))


Mode = Literal["pace", "discard"]


@dataclass(frozen=True)
class Clock:
    """A discrete-event clock of `actors` actors and one learner: lag results from the durations of acting and learning.

    An actor takes the newest parameters, plays a rollout, puts it into the queue and begins the next; the learner takes
    the oldest and publishes new parameters when its update is done. No age exceeds `longest`:

    pace       an actor waits while its rollout could make another one older than that
    discard    actors never wait; the learner discards older rollouts, which takes no time

    in_flight  an actor takes new parameters in the middle of a rollout, as soon as they are published
    in_turn    an actor begins its next rollout after its last has been learned from, like a worker with its own step
    """

    actors: int = 4
    acting: Duration = field(default_factory=lambda: Duration(1.0, 0.3))
    learning: Duration = field(default_factory=lambda: Duration(0.5))
    longest: int = 8
    mode: Mode = "pace"
    in_flight: bool = False
    in_turn: bool = False

    def __post_init__(self) -> None:
        if self.actors < 1 or self.longest < 0:
            raise ValueError(f"needs 1 actor and longest 0 at least, not {self.actors} and {self.longest}")
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode {self.mode!r} is none of {', '.join(get_args(Mode))}")

    def rollouts(self, rng: np.random.Generator) -> Iterator[LearnedRollout]:
        ends: list[tuple[float, int, int]] = []  # (time, counter, actor) of what has begun and not ended
        begun: dict[int, tuple[float, int]] = {}  # actor -> (time, version)
        queue: deque[PlayedInterval] = deque()
        learning: PlayedInterval | None = None
        published = [0.0]  # the time of each version
        idle, now, serial, discarded = deque(range(self.actors)), 0.0, 0, 0
        while True:
            version = len(published) - 1
            ahead = len(queue) + (learning is not None)
            while idle and (self.mode == "discard" or self._can_begin(version, begun, ahead)):
                actor, serial = idle.popleft(), serial + 1
                heapq.heappush(ends, (now + self.acting.draw(rng), serial, actor))
                begun[actor] = now, version
            while learning is None and queue:
                if version - queue[0].version > self.longest:
                    thrown = queue.popleft()
                    discarded += 1
                    idle.extend([thrown.actor] * self.in_turn)
                else:
                    learning, serial = queue.popleft(), serial + 1
                    heapq.heappush(ends, (now + self.learning.draw(rng), serial, LEARNER))
            now, _, who = heapq.heappop(ends)
            if who != LEARNER:
                began, first = begun.pop(who)
                queue.append(PlayedInterval(who, began, now, first))
                idle.extend([who] * (not self.in_turn))
                continue
            assert learning is not None
            yield LearnedRollout(self._ages(learning, published), now, discarded)
            published.append(now)
            idle.extend([learning.actor] * self.in_turn)
            learning, discarded = None, 0

    def _can_begin(self, version: int, begun: dict[int, tuple[float, int]], ahead: int) -> bool:
        """Whether one more rollout can begin.

        Each rollout in play must stay within `longest` even if all others and the new one are learned before it.
        `ahead`: number of rollouts that are queued or being learned from, and so are learned before the new one.
        """
        oldest = min((first for _, first in begun.values()), default=version)
        return version - oldest + len(begun) + ahead <= self.longest

    def _ages(self, rollout: PlayedInterval, published: list[float]) -> tuple[tuple[float, int], ...]:
        _, began, ended, first = rollout
        version = len(published) - 1
        whole = ((0.0, version - first),)
        if not self.in_flight:
            return whole
        inside = [v for v in range(first + 1, version + 1) if published[v] < ended]
        return whole + tuple(((published[v] - began) / (ended - began), version - v) for v in inside)

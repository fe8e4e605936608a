"""What cannot be left: the largest and smallest expected return of a task, and the range of what is measured of episodes.

An optimum that is known exactly is a limit of the expected return. A published reference score is none: it can be
exceeded. Nor is the uniform policy's return.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from envs.api import Factory
from envs.delayed import undelayed


class Limits(NamedTuple):
    """low <= x <= high; infinite where nothing is known."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def known(self) -> bool:
        return math.isfinite(self.low) or math.isfinite(self.high)

    def within(self, other: Limits) -> Limits:
        """Both at once."""
        return Limits(max(self.low, other.low), min(self.high, other.high))

    def as_json(self) -> list[float | None]:
        """[low, high], None where infinite."""
        return [x if math.isfinite(x) else None for x in self]

    @classmethod
    def from_json(cls, ends: Sequence[float | None]) -> Limits:
        """What `as_json` wrote."""
        low, high = ends
        return cls(-math.inf if low is None else low, math.inf if high is None else high)


@runtime_checkable
class DeclaresReturns(Protocol):
    """A factory whose author says what an episode can earn: a user's environment, whose rewards nobody else knows."""

    @property
    def return_range(self) -> tuple[float, float]:
        """The least and the largest J of an episode; infinite where there is no limit."""


def declared_limits(factory: Factory | None) -> Limits:
    """What the author of a task says of its returns."""
    plain = None if factory is None else undelayed(factory)
    return Limits(*plain.return_range) if isinstance(plain, DeclaresReturns) else ANYTHING


ANYTHING = Limits()
SHARE, POSITIVE, COSINE = Limits(0.0, 1.0), Limits(low=0.0), Limits(-1.0, 1.0)
EPISODES = {  # least and largest return of an episode, as the rewards are defined
    "CartPole-v0": Limits(0.0, 200.0),
    "CartPole-v1": Limits(0.0, 500.0),
    "Acrobot-v1": Limits(-500.0, 0.0),
    "MountainCar-v0": Limits(-200.0, 0.0),
    "MountainCarContinuous-v0": Limits(high=100.0),
    "Pendulum-v1": Limits(high=0.0),
    "FrozenLake-v1": Limits(0.0, 1.0),
    "Taxi-v3": Limits(high=20.0),
    "CliffWalking-v1": Limits(high=-13.0),
    "Blackjack-v1": Limits(-1.0, 1.0),
    "Catch-v0": Limits(-1.0, 1.0),
    "MiniGrid-DoorKey-5x5-v0": Limits(0.0, 1.0),
    "Pong-v5": Limits(-21.0, 21.0),
    "Highway-v0": Limits(0.0, 40.0),
    "Roundabout-v0": Limits(0.0, 11.0),
    "InvertedPendulum-v5": Limits(0.0, 1000.0),
    "Reacher-v5": Limits(high=0.0),
}
MEASURES = {  # of the measures that tasks and training record, by name
    **dict.fromkeys(("win_rate", "agreement", "reward_accuracy", "cut", "distinct_2", "equal_groups"), SHARE),
    **dict.fromkeys(
        ("held_out", "flagged", "answered", "true", "clipped_up", "clipped_down", "effective_sample_size"), SHARE
    ),
    "length": Limits(low=1.0),  # an episode has an action
    **dict.fromkeys(("length_right", "length_wrong", "kl", "nll", "gradient_norm"), POSITIVE),
    **dict.fromkeys(("gradient_cosine", "sentiment"), COSINE),
}


def mean(limits: Iterable[Limits]) -> Limits:
    """Of the mean of quantities within these limits."""
    each = list(limits)
    if not each:
        return ANYTHING
    return Limits(sum(x.low for x in each) / len(each), sum(x.high for x in each) / len(each))

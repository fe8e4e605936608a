"""What the best policies of a task earn by proxy and by gold at each distance from the reference policy, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from envs.api import Doubles, Task
from envs.delayed import undelayed

DIGITS = 8  # of the numbers that are stored


class Point(NamedTuple):
    """What the episodes of a policy earn."""

    kl: float  # to the reference policy, nats an episode
    proxy: float  # what training pays, without the KL
    gold: float  # the true reward


@dataclass(frozen=True)
class Frontier:
    """Policies in ascending order of KL, and the task's J = proxy - beta KL.

    proxy    no policy has more proxy at its KL: pi_beta = ref exp(proxy / beta) / Z, of large to small beta
    gold     no policy has more gold at its KL; empty where they are unknown
    best_of  the best by proxy of n = 1, 2, ... episodes of the reference; empty where they are unknown
    """

    beta: float
    proxy: tuple[Point, ...]
    gold: tuple[Point, ...] = ()
    best_of: tuple[Point, ...] = ()

    def most_proxy(self, kl: Doubles) -> Doubles:
        """The most proxy of a policy with at most this KL, of any shape."""
        return _at(self.proxy, "proxy", kl)

    def most_gold(self, kl: Doubles) -> Doubles:
        """The most gold of a policy with at most this KL; NaN where it is unknown."""
        return _at(self.gold, "gold", kl) if self.gold else np.full_like(kl, np.nan)

    @property
    def optimum(self) -> Point:
        """The policy with the largest J of those listed."""
        return max(self.proxy, key=lambda point: point.proxy - self.beta * point.kl)

    @property
    def peak(self) -> Point:
        """The policy with the most gold among those with the most proxy: past it the proxy is over-optimised."""
        return max(self.proxy, key=lambda point: point.gold)

    def as_json(self) -> dict[str, Any]:
        """The way back is `from_json`."""
        curves = {"proxy": self.proxy, "gold": self.gold, "best_of": self.best_of}
        rounded = {name: [[float(f"{x:.{DIGITS}g}") for x in p] for p in points] for name, points in curves.items()}
        return {"beta": self.beta, **rounded}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `as_json` has written."""
        curves = {name: tuple(Point(*p) for p in points) for name, points in data.items() if name != "beta"}
        return cls(data["beta"], **curves)


@runtime_checkable
class HasFrontier(Protocol):
    """A task that knows its frontier."""

    def exact_frontier(self) -> Frontier:
        """From the reference policy to the one with the most proxy."""


def frontier_of(task: Task) -> Frontier | None:
    """The task's frontier; None if it knows none."""
    factory = undelayed(task.factory)
    return factory.exact_frontier() if isinstance(factory, HasFrontier) else None


def _at(points: Sequence[Point], name: str, kl: Doubles) -> Doubles:
    """A value between points. It is linear in the root of KL near the reference, so it is interpolated in that root."""
    x, y = (np.array([getattr(point, key) for point in points]) for key in ("kl", name))
    root = np.sqrt(np.maximum.accumulate(np.maximum(x, 0.0)))
    value: Doubles = np.interp(np.sqrt(np.maximum(kl, 0.0)), root, y)
    return value

"""Running mean and variance of observations for each member, and the protocol of normalisers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from algorithms.tunable import Number
from envs.api import Array, Bools, Doubles, Floats

Moments = dict[str, np.ndarray]  # [P, ...] by name


class RewardWindow(NamedTuple):
    """The rewards of a rollout and the ends of its episodes, [T, P, N].

    before  R [P, N], the discounted returns so far of episodes that began before it; None: all begin with it
    """

    reward: Floats
    valid: Bools
    ended: Bools
    before: Doubles | None


class Normaliser(Protocol):
    """Normalises observations for the policy and rewards for learning.

    Observations are scaled by moments that are fixed during a rollout and updated after it. An actor whose learner runs
    in another process keeps the moments of its last rollout in `new_moments`, and the learner's normaliser merges them.
    """

    def __call__(self, obs: Array) -> Array: ...

    def update(self, obs: list[Array], valid: Bools) -> None:
        """obs: T arrays [P, N, F]; valid [T, P, N]."""

    def rewards(self, window: RewardWindow, discount: Number) -> tuple[Floats, Doubles | None]:
        """(rewards to learn from [T, P, N], R [P, N] after the last row, or None if it is not needed)."""

    @property
    def new_moments(self) -> Moments:
        """Moments of the last rollout, for the learner's normaliser; empty if `update` has merged them already."""

    def merge(self, moments: Moments) -> None:
        """Merge the moments that an actor's normaliser has computed."""

    def snapshot(self) -> Moments: ...

    def restore(self, snapshot: Moments) -> None: ...


class _PlainRewards:
    """Rewards are not changed."""

    def rewards(self, window: RewardWindow, discount: Number) -> tuple[Floats, Doubles | None]:
        return window.reward, None


class Identity(_PlainRewards):
    """Observations are not changed."""

    def __call__(self, obs: Array) -> Array:
        return obs

    @property
    def new_moments(self) -> Moments:
        return {}

    def update(self, obs: list[Array], valid: Bools) -> None:
        """Does nothing."""

    def merge(self, moments: Moments) -> None:
        """Does nothing."""

    def snapshot(self) -> Moments:
        return {}

    def restore(self, snapshot: Moments) -> None:
        """Does nothing."""


class RunningMoments(_PlainRewards):
    """(x - mean) / sqrt(var + 1e-8), clipped to +-10; moments are merged batch by batch (Chan et al. 1983)."""

    def __init__(self, members: int, size: int, count: float = 0.0) -> None:
        """count: number of rows that the initial mean 0 and variance 1 count for."""
        self.count = np.full((members, 1), count)
        self.mean = np.zeros((members, size))
        self.var = np.ones((members, size))
        self._prepare()

    def __call__(self, obs: Array) -> Array:
        scaled: Floats = (obs.astype(np.float32, copy=False) - self._shift) * self._scale
        return np.clip(scaled, -10.0, 10.0, out=scaled)

    def update(self, obs: list[Array], valid: Bools) -> None:
        self.merge(batch_moments(obs, valid))

    @property
    def new_moments(self) -> Moments:
        """Empty, because `update` merges the moments of a rollout at once."""
        return {}

    def merge(self, moments: Moments) -> None:
        """Merge the `batch_moments` of a rollout."""
        n, mean, var = (moments[name] for name in ("count", "mean", "var"))
        total = np.maximum(self.count + n, 1.0)
        delta = mean - self.mean
        merged = (self.var * self.count + var * n + delta**2 * self.count * n / total) / total
        new = n > 0
        self.mean = np.where(new, self.mean + delta * n / total, self.mean)
        self.var = np.where(new, merged, self.var)
        self.count = self.count + n
        self._prepare()

    def snapshot(self) -> Moments:
        return {"count": self.count.copy(), "mean": self.mean.copy(), "var": self.var.copy()}

    def restore(self, snapshot: Moments) -> None:
        self.count, self.mean, self.var = (snapshot[k].copy() for k in ("count", "mean", "var"))
        self._prepare()

    def _prepare(self) -> None:
        self._shift = self.mean[:, None].astype(np.float32)  # [P, 1, F]
        self._scale = (1 / np.sqrt(self.var + 1e-8))[:, None].astype(np.float32)


class ActorMoments(_PlainRewards):
    """The normaliser of an actor: it scales by the learner's moments, and keeps its own for the learner."""

    def __init__(self, members: int, size: int) -> None:
        self._published = RunningMoments(members, size)
        self.new_moments: Moments = {}

    def __call__(self, obs: Array) -> Array:
        return self._published(obs)

    def update(self, obs: list[Array], valid: Bools) -> None:
        self.new_moments = batch_moments(obs, valid)

    def merge(self, moments: Moments) -> None:
        """Does nothing: the learner merges the moments and publishes the result."""

    def snapshot(self) -> Moments:
        return self._published.snapshot()

    def restore(self, snapshot: Moments) -> None:
        self._published.restore(snapshot)


def batch_moments(obs: list[Array], valid: Bools) -> Moments:
    """count [P, 1], mean and var [P, F] of the valid rows."""
    x = np.stack(obs)  # [T, P, N, F]
    members, size = x.shape[1], x.shape[3]
    moments = {"count": np.zeros((members, 1)), "mean": np.zeros((members, size)), "var": np.zeros((members, size))}
    for p in range(members):
        rows = x[:, p][valid[:, p]].astype(np.float64)  # those of a member alone fit in the processor's cache
        if len(rows):
            moments["count"][p], moments["mean"][p], moments["var"][p] = len(rows), rows.mean(0), rows.var(0)
    return moments

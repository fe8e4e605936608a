"""Running mean and variance of observations, one for each member, gathered where they are seen or sent from there."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from envs.api import Array, Bools, Floats

Moments = dict[str, np.ndarray]


class Normaliser(Protocol):
    """Maps raw observations to what the policy sees; fixed during a rollout, updated after it."""

    def __call__(self, obs: Array) -> Array: ...

    def update(self, obs: list[Array], valid: Bools) -> None:
        """obs: T arrays [P, N, F]; valid [T, P, N]."""

    def snapshot(self) -> Moments: ...

    def restore(self, snapshot: Moments) -> None: ...


class Identity:
    """Observations as they are."""

    def __call__(self, obs: Array) -> Array:
        return obs

    def update(self, obs: list[Array], valid: Bools) -> None:
        """Nothing to learn."""

    def snapshot(self) -> Moments:
        return {}

    def restore(self, snapshot: Moments) -> None:
        """Nothing to restore."""


class RunningMoments:
    """(x - mean) / sqrt(var + 1e-8), clipped to +-10; batch_moments merged batch by batch (Chan et al. 1983)."""

    def __init__(self, members: int, size: int) -> None:
        self.count = np.zeros((members, 1))
        self.mean = np.zeros((members, size))
        self.var = np.ones((members, size))
        self._prepare()

    def __call__(self, obs: Array) -> Array:
        scaled: Floats = (obs.astype(np.float32, copy=False) - self._shift) * self._scale
        return np.clip(scaled, -10.0, 10.0, out=scaled)

    def update(self, obs: list[Array], valid: Bools) -> None:
        self.merge(**batch_moments(obs, valid))

    def merge(self, count: np.ndarray, mean: np.ndarray, var: np.ndarray) -> None:
        """Take in the `batch_moments` of a batch."""
        n, total = count, np.maximum(self.count + count, 1.0)
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


class ActorMoments:
    """An actor's: scales by the batch_moments that the learner has published, and keeps those of what it saw for the learner."""

    def __init__(self, members: int, size: int) -> None:
        self._published = RunningMoments(members, size)
        self.seen: Moments = {}  # of the last rollout

    def __call__(self, obs: Array) -> Array:
        return self._published(obs)

    def update(self, obs: list[Array], valid: Bools) -> None:
        self.seen = batch_moments(obs, valid)

    def snapshot(self) -> Moments:
        return self._published.snapshot()

    def restore(self, snapshot: Moments) -> None:
        self._published.restore(snapshot)


def batch_moments(obs: list[Array], valid: Bools) -> Moments:
    """count [P, 1], mean and var [P, F] of the valid rows."""
    x = np.stack(obs).astype(np.float64)  # [T, P, N, F]
    weight = valid[..., None].astype(np.float64)  # [T, P, N, 1]
    n = weight.sum((0, 2))  # [P, 1]
    some = np.maximum(n, 1.0)
    mean = (x * weight).sum((0, 2)) / some
    var = (((x - mean[:, None]) ** 2) * weight).sum((0, 2)) / some
    return {"count": n, "mean": mean, "var": var}

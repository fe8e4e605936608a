"""Rewards on the scale of what a member earns: divided by the running deviation of its discounted returns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from algorithms.normaliser import Elsewhere, Normaliser, RunningMoments, Snapshot, moments
from algorithms.tunable import Number
from envs.api import Array, Bools, Doubles, Floats

PREFIX = "returns."
FIRST = 1e-4  # rows that a variance of 1 counts for before anything is seen, as in stable-baselines3


class Earned(NamedTuple):
    """The rewards of a rollout and where its episodes end, [T, P, N].

    before  R [P, N] of the episodes that go on in it; None: all start with it
    """

    reward: Floats
    valid: Bools
    ended: Bools
    before: Doubles | None


class WithReturns:
    """A normaliser of observations, and beside it a running scale of rewards, which are not centred:

        r_t <- clip(r_t / sqrt(Var(R) + 1e-8), +-10),    R_t = discount R_{t-1} + r_t, from an episode's start

    The variance is over all rows of the member so far, row t among them, whichever its environment. As stable-baselines3's
    VecNormalize. The moments of a rollout are merged in one go, so they can be gathered from several places.
    """

    def __init__(self, observations: Normaliser, members: int) -> None:
        self.observations = observations
        self._returns = RunningMoments(members, 1)
        self._returns.count[:] = FIRST
        self._seen: Snapshot = {}

    def __call__(self, obs: Array) -> Array:
        return self.observations(obs)

    def update(self, obs: list[Array], valid: Bools) -> None:
        self.observations.update(obs, valid)

    def rewards(self, earned: Earned, discount: Number) -> tuple[Floats, Doubles]:
        """(what is learned from [T, P, N], R [P, N] for the rows that follow). Takes the rows into the moments."""
        returns, after = discounted(earned, discount)
        deviation = np.sqrt(self._variance(returns, earned.valid) + 1e-8)[..., None]  # [T, P, 1]
        self._seen = moments(list(returns[..., None]), earned.valid)
        self._returns.merge(**self._seen)
        return np.clip(earned.reward / deviation, -10.0, 10.0).astype(np.float32), after

    def _variance(self, returns: Doubles, valid: Bools) -> Doubles:
        """Of all rows up to each [T, P]; sums are about the mean so far, so that they do not cancel."""
        on, off = valid.astype(np.float64), returns - self._returns.mean
        count, var = self._returns.count[:, 0], self._returns.var[:, 0]
        total = count + on.sum(2).cumsum(0)
        mean = (on * off).sum(2).cumsum(0) / total
        square = (var * count + (on * off * off).sum(2).cumsum(0)) / total
        return np.maximum(square - mean * mean, 0.0)

    @property
    def seen(self) -> Snapshot:
        """The moments of the last rollout."""
        return seen_by(self.observations) | {PREFIX + name: value for name, value in self._seen.items()}

    def absorb(self, seen: Snapshot) -> None:
        """Take in what was seen elsewhere."""
        own, returns = _parted(seen)
        absorb(self.observations, own)
        self._returns.merge(**returns)

    def snapshot(self) -> Snapshot:
        """That of the observations, and the moments of R as returns.count, returns.mean, returns.var [P, 1]."""
        own = {PREFIX + name: value for name, value in self._returns.snapshot().items()}
        return self.observations.snapshot() | own

    def restore(self, snapshot: Snapshot) -> None:
        own, returns = _parted(snapshot)
        self.observations.restore(own)
        self._returns.restore(returns)


def discounted(earned: Earned, discount: Number) -> tuple[Doubles, Doubles]:
    """(R_t [T, P, N], R [P, N] after the last row: 0 where an episode ended)."""
    gamma = discount.double().cpu().numpy() if isinstance(discount, Tensor) else discount
    reward = earned.reward.astype(np.float64) * earned.valid
    running = np.zeros(reward.shape[1:]) if earned.before is None else earned.before
    returns = np.empty_like(reward)
    for row, paid, ended in zip(returns, reward, earned.ended, strict=True):
        row[:] = running * gamma + paid
        running = np.where(ended, 0.0, row)
    return returns, running


def seen_by(normaliser: Normaliser) -> Snapshot:
    """What a normaliser has seen in its last rollout and has not itself a use for; empty where it keeps nothing."""
    return normaliser.seen if isinstance(normaliser, (Elsewhere, WithReturns)) else {}


def absorb(normaliser: Normaliser, seen: Snapshot) -> None:
    """Let the learner's normaliser take in what an actor's has seen."""
    if isinstance(normaliser, WithReturns):
        normaliser.absorb(seen)
    elif isinstance(normaliser, RunningMoments):
        normaliser.merge(**seen)


def _parted(seen: Snapshot) -> tuple[Snapshot, Snapshot]:
    """(of observations, of returns)."""
    returns = {name.removeprefix(PREFIX): value for name, value in seen.items() if name.startswith(PREFIX)}
    return {name: value for name, value in seen.items() if not name.startswith(PREFIX)}, returns

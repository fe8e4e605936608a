"""Normalisation of rewards by the running standard deviation of discounted returns."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from algorithms.training.observation_normaliser import Moments, Normaliser, RewardWindow, RunningMoments, batch_moments
from algorithms.tunable import Number
from envs.api import Array, Bools, Doubles, Floats

PREFIX = "returns."
FIRST_COUNT = 1e-4  # rows that the initial variance of 1 counts for, as in stable-baselines3


class RewardNormaliser:
    """A normaliser of observations with a running scale of rewards, which are not centred:

        r_t <- clip(r_t / sqrt(Var(R) + 1e-8), +-10),    R_t = discount R_{t-1} + r_t, from an episode's start

    The variance is over all rows of the member in all its environments up to and including row t, as in
    stable-baselines3's VecNormalize. The moments of a rollout are merged at once, so several processes can supply them.
    """

    def __init__(self, observations: Normaliser, members: int) -> None:
        self.observations = observations
        self._returns = RunningMoments(members, 1, FIRST_COUNT)
        self._new_moments: Moments = {}

    def __call__(self, obs: Array) -> Array:
        return self.observations(obs)

    def update(self, obs: list[Array], valid: Bools) -> None:
        self.observations.update(obs, valid)

    def rewards(self, window: RewardWindow, discount: Number) -> tuple[Floats, Doubles]:
        """(scaled rewards [T, P, N], R [P, N] after the last row). Includes the rows in the moments."""
        returns, after = discounted_returns(window, discount)
        deviation = np.sqrt(self._variance(returns, window.valid) + 1e-8)[..., None]  # [T, P, 1]
        self._new_moments = batch_moments(list(returns[..., None]), window.valid)
        self._returns.merge(self._new_moments)
        return np.clip(window.reward / deviation, -10.0, 10.0).astype(np.float32), after

    def _variance(self, returns: Doubles, valid: Bools) -> Doubles:
        """The variance [T, P] of all rows up to each; sums are taken about the current mean, to avoid cancellation."""
        on, off = valid.astype(np.float64), returns - self._returns.mean
        count, var = self._returns.count[:, 0], self._returns.var[:, 0]
        total = count + on.sum(2).cumsum(0)
        mean = (on * off).sum(2).cumsum(0) / total
        square = (var * count + (on * off * off).sum(2).cumsum(0)) / total
        return np.maximum(square - mean * mean, 0.0)

    @property
    def new_moments(self) -> Moments:
        """The new moments of the observations, and those of R in the last rollout."""
        return self.observations.new_moments | {PREFIX + name: value for name, value in self._new_moments.items()}

    def merge(self, moments: Moments) -> None:
        of_observations, of_returns = _split(moments)
        if of_observations:
            self.observations.merge(of_observations)
        self._returns.merge(of_returns)

    def snapshot(self) -> Moments:
        """The snapshot of the observations, and the moments of R as returns.count, returns.mean, returns.var [P, 1]."""
        of_returns = {PREFIX + name: value for name, value in self._returns.snapshot().items()}
        return self.observations.snapshot() | of_returns

    def restore(self, snapshot: Moments) -> None:
        of_observations, of_returns = _split(snapshot)
        self.observations.restore(of_observations)
        self._returns.restore(of_returns)


def discounted_returns(window: RewardWindow, discount: Number) -> tuple[Doubles, Doubles]:
    """(R_t [T, P, N], R [P, N] after the last row, 0 if the episode ended)."""
    gamma = discount.double().cpu().numpy() if isinstance(discount, Tensor) else discount
    reward = window.reward.astype(np.float64) * window.valid
    running = np.zeros(reward.shape[1:]) if window.before is None else window.before
    returns = np.empty_like(reward)
    for row, paid, ended in zip(returns, reward, window.ended, strict=True):
        row[:] = running * gamma + paid
        running = np.where(ended, 0.0, row)
    return returns, running


def _split(moments: Moments) -> tuple[Moments, Moments]:
    """(moments of observations, moments of returns)."""
    returns = {name.removeprefix(PREFIX): value for name, value in moments.items() if name.startswith(PREFIX)}
    return {name: value for name, value in moments.items() if not name.startswith(PREFIX)}, returns

"""Running moments are those of all valid rows, whichever process has seen them."""

from __future__ import annotations

import numpy as np

from algorithms.training.observation_normaliser import ActorMoments, RunningMoments
from envs.api import Array


def test_running_moments_are_those_of_all_valid_rows() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(3, 2, size=(2, 6, 2, 4, 3))  # two rollouts [T, P, N, F]
    valid = rng.random((2, 6, 2, 4)) < 0.7
    moments = RunningMoments(2, 3)
    for rows, on in zip(x, valid, strict=True):
        moments.update(list(rows), on)
    for p in range(2):
        kept = x[:, :, p][valid[:, :, p]]
        np.testing.assert_allclose(moments.mean[p], kept.mean(0))
        np.testing.assert_allclose(moments.var[p], kept.var(0))


def test_moments_gathered_elsewhere_are_those_gathered_here() -> None:
    rng = np.random.default_rng(0)
    here, away, learner = RunningMoments(2, 3), ActorMoments(2, 3), RunningMoments(2, 3)
    for _ in range(3):
        obs: list[Array] = [rng.normal(size=(2, 4, 3)) for _ in range(5)]
        valid = rng.random((5, 2, 4)) < 0.7
        here.update(obs, valid)
        away.restore(learner.snapshot())
        away.update(obs, valid)
        assert np.array_equal(away(obs[0]), learner(obs[0]))
        learner.merge(away.new_moments)
    for name, value in here.snapshot().items():
        assert np.array_equal(value, learner.snapshot()[name])

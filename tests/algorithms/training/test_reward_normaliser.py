"""Rewards over the running deviation of discounted returns: against stable-baselines3's VecNormalize, and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box as GymBox
from stable_baselines3.common.vec_env import VecEnv as PeerVec
from stable_baselines3.common.vec_env import VecNormalize

from algorithms import VARIANTS
from algorithms.asynchronous.learner import train_asynchronously
from algorithms.composition import Processes
from algorithms.training.evaluation import Evaluation
from algorithms.training.observation_normaliser import ActorMoments, Identity, RewardWindow, RunningMoments
from algorithms.training.reward_normaliser import RewardNormaliser, discounted_returns
from algorithms.training.run import Run, train
from envs import TASKS
from tests.builders import make_run, records_of, small_training, without_clock


class Stream(PeerVec):
    """Environments that pay what is written down."""

    def __init__(self, reward: np.ndarray, ended: np.ndarray) -> None:
        self.rows = zip(reward, ended, strict=True)
        space = GymBox(-1, 1, (1,))
        super().__init__(reward.shape[1], space, space)

    def reset(self) -> np.ndarray:
        return np.zeros((self.num_envs, 1), np.float32)

    def step_async(self, actions: object) -> None: ...

    def step_wait(self) -> tuple:
        reward, ended = next(self.rows)
        return self.reset(), reward, ended, [{} for _ in reward]

    def close(self) -> None: ...

    def get_attr(self, *args: object) -> list:
        return [None] * self.num_envs

    set_attr = env_method = env_is_wrapped = get_attr  # type: ignore[assignment]


@pytest.fixture
def stream() -> tuple[np.ndarray, np.ndarray]:
    """Rewards around 3 [T, P, N] and ends; the second member's are 100 times as large."""
    rng = np.random.default_rng(0)
    reward = rng.normal(3, 2, (40, 2, 3)).astype(np.float32) * np.array([1, 100], np.float32)[:, None]
    return reward, rng.random((40, 2, 3)) < 0.2


def test_scaled_rewards_are_stable_baselines3s(stream: tuple[np.ndarray, np.ndarray]) -> None:
    """In windows of 7 rows, across which episodes go on; each member by itself."""
    reward, ended = stream
    ours, before, made = RewardNormaliser(Identity(), 2), None, []
    valid = np.ones((7, 2, 3), np.bool_)
    for start in range(0, 40, 7):
        rows, ends = reward[start : start + 7], ended[start : start + 7]
        scaled, before = ours.rewards(RewardWindow(rows, valid[: len(rows)], ends, before), 0.9)
        made.append(scaled)
    for p in range(2):
        peer = VecNormalize(Stream(reward[:, p], ended[:, p]), norm_obs=False, gamma=0.9)
        peer.reset()
        theirs = [peer.step(np.zeros((3, 1)))[1] for _ in range(40)]
        np.testing.assert_allclose(np.concatenate(made)[:, p], theirs, rtol=2e-6)
        kept = ours.snapshot()
        assert kept["returns.mean"][p, 0] == pytest.approx(peer.ret_rms.mean)
        assert kept["returns.var"][p, 0] == pytest.approx(peer.ret_rms.var)
        assert kept["returns.count"][p, 0] == pytest.approx(peer.ret_rms.count)


def test_discounted_returns_by_hand() -> None:
    """Rewards 1 2 3 4 at .5, an end after the second: 1, 2.5 | 3, 5.5; rows that are not valid pay nothing."""
    column = np.array([1.0, 2.0, 3.0, 4.0], np.float32).reshape(4, 1, 1)
    ends = np.array([False, True, False, False]).reshape(4, 1, 1)
    returns, after = discounted_returns(RewardWindow(column, np.ones_like(ends), ends, None), 0.5)
    assert returns.ravel().tolist() == [1.0, 2.5, 3.0, 5.5]
    assert discounted_returns(RewardWindow(column, np.ones_like(ends), ends, after), 0.5)[0][0, 0, 0] == 3.75
    valid = np.array([True, True, False, True]).reshape(4, 1, 1)
    assert discounted_returns(RewardWindow(column, valid, ends, None), 0.5)[0].ravel().tolist() == [1.0, 2.5, 0.0, 4.0]
    ones, never = np.ones((2, 2, 1), np.float32), np.zeros((2, 2, 1), np.bool_)
    own, _ = discounted_returns(RewardWindow(ones, ~never, never, None), torch.tensor([[0.5], [0.0]]))
    assert own[1].ravel().tolist() == [1.5, 1.0]


def test_rows_that_are_not_valid_and_other_members_have_no_influence(stream: tuple[np.ndarray, np.ndarray]) -> None:
    reward, ended = stream
    valid = np.random.default_rng(1).random(reward.shape) < 0.7
    one, two = RewardNormaliser(Identity(), 2), RewardNormaliser(Identity(), 2)
    corrupted = np.where(valid, reward, 1e6).astype(np.float32)
    corrupted[:, 1] *= 3
    a, _ = one.rewards(RewardWindow(reward, valid, ended, None), 0.9)
    b, _ = two.rewards(RewardWindow(corrupted, valid, ended, None), 0.9)
    assert np.array_equal(a[:, 0][valid[:, 0]], b[:, 0][valid[:, 0]])
    assert np.array_equal(one.snapshot()["returns.var"][0], two.snapshot()["returns.var"][0])
    before = one.snapshot()
    one.rewards(RewardWindow(corrupted, np.zeros_like(valid), ended, None), 0.9)
    assert all(np.array_equal(value, before[name]) for name, value in one.snapshot().items())


def test_moments_gathered_elsewhere_are_those_gathered_here(stream: tuple[np.ndarray, np.ndarray]) -> None:
    reward, ended = stream
    here, learner = (RewardNormaliser(RunningMoments(2, 1), 2) for _ in range(2))
    away, valid = RewardNormaliser(ActorMoments(2, 1), 2), np.ones_like(ended)
    for scale in (1, 4):
        earned = RewardWindow(scale * reward, valid, ended, None)
        away.restore(learner.snapshot())
        for each in (here, away):
            each.update(list(reward[..., None]), valid)
        assert np.array_equal(here.rewards(earned, 0.9)[0], away.rewards(earned, 0.9)[0])
        learner.merge(away.new_moments)
    assert sorted(learner.snapshot()) == ["count", "mean", "returns.count", "returns.mean", "returns.var", "var"]
    for name, value in here.snapshot().items():
        assert np.array_equal(value, learner.snapshot()[name]), name


def run_of(processes: Processes | None, **changes: object) -> Run:
    task, variant = TASKS["Pendulum-v1"], VARIANTS["async_vtrace"]
    variant = replace(variant, schedule=replace(variant.schedule, lag=0, processes=processes))
    training = replace(small_training(task, variant, envs=4), segment=1_000, normalise_returns=True, **changes)  # type: ignore[arg-type]
    return make_run(task, variant, training, 3_000, rate=0.02, evaluation=Evaluation(1, 2))


@pytest.mark.usefixtures("forked")
def test_an_actor_that_must_not_be_behind_scales_as_the_synchronous_run_does() -> None:
    plain = records_of(train(run_of(None)))
    apart = records_of(train_asynchronously(run_of(Processes(1, longest=0))))
    for a, b in zip(plain, apart, strict=True):
        same = {k: v for k, v in b.measures.items() if k not in ("lag", "lag_max")}
        assert without_clock(replace(b, measures=same)) == without_clock(a)


def test_the_scale_is_kept_with_each_checkpoint_and_scores_are_not_scaled() -> None:
    run = run_of(None)
    scores = [r.eval_return for r in records_of(train(run))]
    first, last = (shot.snapshot() for shot in run.checkpoints.normalisers)
    assert first["returns.var"].ravel().tolist() == [1.0, 1.0]
    assert (last["returns.var"] > 2).all()
    assert last["count"].shape == last["returns.count"].shape == (2, 1)
    assert max(scores) < -300  # of 200 steps that cost up to 16; over their deviation they would be a few dozen

"""Credit by hand (gamma 0.1, so that 1, 2, 3 reads 1.23), against SB3's buffer, and at the ends of episodes."""

from __future__ import annotations

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3.common.buffers import RolloutBuffer

from algorithms.estimators.credit import EpisodeReturn, ImmediateReward, LambdaReturn, NStep, RewardToGo, backward_sum
from algorithms.estimators.rollout import Rollout
from tests.rollouts import manual_rollout

G = 0.1
EPISODE = ([1.0, 2.0, 3.0], [G, G, 0.0], [1.0, 1.0, 0.0])


def values(*v: float) -> torch.Tensor:
    return torch.tensor(v, dtype=torch.float64).view(-1, 1, 1)


def flat(x: torch.Tensor) -> list[float]:
    return [round(v, 10) for v in x.flatten().tolist()]


def test_reward_to_go_reads_its_digits() -> None:
    assert flat(RewardToGo()(manual_rollout(*EPISODE), None)) == [1.23, 2.3, 3.0]


def test_the_immediate_reward_sees_nothing_that_follows() -> None:
    assert flat(ImmediateReward()(manual_rollout(*EPISODE), None)) == [1.0, 2.0, 3.0]


def test_episode_return_is_the_whole_return_everywhere() -> None:
    assert flat(EpisodeReturn()(manual_rollout(*EPISODE), None)) == [1.23, 1.23, 1.23]


def test_reward_to_go_does_not_leak_across_an_end() -> None:
    two = manual_rollout([1, 2, 5, 7], [G, 0.0, G, 0.0], [1.0, 0.0, 1.0, 0.0])
    assert flat(RewardToGo()(two, None)) == [1.2, 2.0, 5.7, 7.0]


def test_backward_sum_starts_from_last() -> None:
    assert flat(backward_sum(values(1, 2), values(0.5, 0.1), values(30)[0])) == [3.5, 5.0]


def test_lambda_zero_is_td_and_lambda_one_is_the_return() -> None:
    rollout, v = manual_rollout(*EPISODE), values(4, 5, 6, 7)
    assert flat(LambdaReturn(0.0)(rollout, v)) == [1.5, 2.6, 3.0]  # r + gamma V(s')
    assert flat(LambdaReturn(1.0)(rollout, v)) == [1.23, 2.3, 3.0]


def test_gae_by_hand() -> None:
    """delta = (1 + .5 - 4, 2 + .6 - 5, 3 - 6) = (-2.5, -2.4, -3); weights gamma lambda = .05."""
    v = values(4, 5, 6, 7)
    advantage = LambdaReturn(0.5)(manual_rollout(*EPISODE), v) - v[:-1]
    assert flat(advantage) == [round(-2.5 + 0.05 * (-2.4 + 0.05 * -3), 10), round(-2.4 + 0.05 * -3, 10), -3.0]


def test_truncation_bootstraps_and_termination_does_not() -> None:
    cut = manual_rollout([1.0, 2.0], [G, G], [1.0, 0.0])
    ended = manual_rollout([1.0, 2.0], [G, 0.0], [1.0, 0.0])
    v = values(4, 5, 60)
    assert flat(LambdaReturn(1.0)(cut, v)) == [1.8, 8.0]  # 2 + .1 * 60
    assert flat(LambdaReturn(1.0)(ended, v)) == [1.2, 2.0]


def test_n_step_stops_at_its_blocks() -> None:
    rollout = manual_rollout([1, 2, 3, 4, 5], [G] * 5, [1.0] * 5)
    v = values(10, 20, 30, 40, 50, 60)
    assert flat(NStep(2)(rollout, v)) == [1 + 0.2 + 0.3, 2 + 3, 3 + 0.4 + 0.5, 4 + 5, 5 + 6]
    assert flat(NStep(5)(rollout, v)) == flat(LambdaReturn(1.0)(rollout, v))


@pytest.mark.parametrize("lam", [0.0, 0.7, 0.95, 1.0])
def test_gae_equals_stable_baselines3(lam: float) -> None:
    steps, envs, gamma = 7, 3, 0.9
    rng = np.random.default_rng(4)
    reward, value = rng.normal(size=(2, steps, envs)).astype(np.float32)
    done = (rng.random((steps, envs)) < 0.3).astype(np.float32)
    last = rng.normal(size=envs).astype(np.float32)
    box = gymnasium.spaces.Box(-1, 1, (1,))
    buffer = RolloutBuffer(steps, box, box, gae_lambda=lam, gamma=gamma, n_envs=envs)
    starts = np.zeros(envs, np.float32)
    for t in range(steps):
        zero = torch.zeros(envs)
        buffer.add(np.zeros((envs, 1)), np.zeros((envs, 1)), reward[t], starts, torch.tensor(value[t]), zero)
        starts = done[t]
    buffer.compute_returns_and_advantage(torch.tensor(last), dones=done[-1])
    on = torch.tensor(1 - done)[:, None]
    zero = torch.zeros_like(on)
    ours = Rollout(zero, zero, zero, torch.tensor(reward)[:, None], gamma * on, on, torch.ones_like(on), None, 1)
    v = torch.tensor(np.concatenate([value, last[None]]))[:, None]
    advantage = LambdaReturn(lam)(ours, v) - v[:-1]
    np.testing.assert_allclose(advantage[:, 0].numpy(), buffer.advantages, rtol=1e-5, atol=1e-6)
    wrong = replace(ours, reward=ours.reward.roll(1, 0))  # rewards shifted by one step
    assert not np.allclose((LambdaReturn(lam)(wrong, v) - v[:-1])[:, 0].numpy(), buffer.advantages, atol=1e-3)


def chain_value(truncation_ends: bool) -> float:
    """Fixed point of V on the endless chain that pays 1 for ever, cut every 4 steps by a time limit."""
    gamma, v = 0.9, 0.0
    end = 0.0 if truncation_ends else gamma
    rollout = manual_rollout([1.0] * 4, [gamma, gamma, gamma, end], [1.0, 1.0, 1.0, 0.0])
    for _ in range(400):
        v = float(LambdaReturn(0.95)(rollout, values(*[v] * 5)).mean())
    return v


def test_the_endless_chain_is_worth_one_over_one_minus_gamma() -> None:
    assert chain_value(truncation_ends=False) == pytest.approx(10.0, abs=1e-6)


def test_the_endless_chain_is_not_when_time_limits_count_as_ends() -> None:
    assert chain_value(truncation_ends=True) < 5.0


@pytest.mark.parametrize(("build", "message"), [(lambda: LambdaReturn(1.5), "1.5"), (lambda: NStep(0), "0")])
def test_parameters_out_of_range_are_named(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()  # type: ignore[operator]

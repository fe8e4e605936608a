"""Baselines of groups and batches, of squared scores and of greedy texts: numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.baseline import (
    BatchMean,
    GroupMean,
    LeaveOneOut,
    LengthWeightedMean,
    MovingAverage,
    OptimalConstant,
    OptimalToken,
)
from algorithms.estimators.estimator import Baseline, Signals
from algorithms.estimators.loss import assess
from algorithms.estimators.rollout import Rollout
from algorithms.policies.distributions import Categorical, Gaussian
from algorithms.training_config import Episodes
from algorithms.variants import baseline_loo, reinforce
from envs import TASKS
from envs.api import Box, Discrete
from tests.builders import make_policy, small_training
from tests.rollouts import grouped_rollout, make_collector


def b_of(baseline: Baseline, rollout: Rollout, q: torch.Tensor) -> list[list[float]]:
    return baseline(q, rollout, None, baseline.initial(1, len(q)))[0][:, 0].tolist()  # type: ignore[no-any-return]


UNEQUAL = grouped_rollout([[0.0] * 4] * 3, [[1, 1, 1, 1], [1, 0, 1, 1], [1, 0, 0, 1]], group=2)  # lengths 3 1, 2 3


def test_group_and_batch_means_by_hand() -> None:
    q = torch.tensor([[1.0, 5.0, 2.0, 8.0]]).double()[:, None]
    rollout = grouped_rollout([[0.0] * 4], [[1.0] * 4], group=2)
    assert b_of(GroupMean(), rollout, q) == [[3.0, 3.0, 5.0, 5.0]]
    assert b_of(BatchMean(), rollout, q) == [[4.0] * 4]
    with pytest.raises(ValueError, match="a batch of 1"):
        b_of(BatchMean(), grouped_rollout([[0.0]], [[1.0]], group=1), q[:, :, :1])


def test_opo_weighs_returns_by_length() -> None:
    q = torch.tensor([[1.0, 5.0, 2.0, 8.0]]).double()[:, None].expand(3, 1, 4)
    expected = [(3 * 1 + 1 * 5) / 4] * 2 + [(2 * 2 + 3 * 8) / 5] * 2
    assert b_of(LengthWeightedMean(), UNEQUAL, q)[0] == pytest.approx(expected)
    equal = grouped_rollout([[0.0] * 4] * 3, [[1.0] * 4] * 3, group=2)
    assert b_of(LengthWeightedMean(), equal, q) == b_of(GroupMean(), equal, q)  # where lengths are equal
    longer = replace(UNEQUAL, valid=torch.cat([UNEQUAL.valid, torch.zeros(1, 1, 4)]))
    assert b_of(LengthWeightedMean(), longer, q)[0] == pytest.approx(expected)


def test_the_optimal_constant_by_hand() -> None:
    """|S|^2 = 2, 1, 3 and R = 6, 3, 1: from the others (1 3 + 3 1) / 4, (2 6 + 3 1) / 5, (2 6 + 1 3) / 3."""
    rollout = grouped_rollout([[0.0] * 3] * 2, [[1.0] * 3, [1.0, 0.0, 1.0]], group=1)
    square = torch.tensor([[1.5, 1.0, 1.0], [0.5, 9.0, 2.0]])[:, None]  # 9 stands after an end
    q = torch.tensor([[6.0, 3.0, 1.0]] * 2).double()[:, None]
    assert b_of(OptimalConstant(), replace(rollout, score_norm_sq=square), q)[0] == pytest.approx([1.5, 3.0, 5.0])
    with pytest.raises(ValueError, match="this one has 1"):
        b_of(
            OptimalConstant(),
            replace(grouped_rollout([[0.0]], [[1.0]], 1), score_norm_sq=square[:1, :, :1]),
            q[:1, :, :1],
        )


def test_the_optimal_token_baseline_by_hand() -> None:
    """W gathers over time, for running episodes only, the episode itself included."""
    rollout = grouped_rollout([[0.0] * 2] * 3, [[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]], group=2)
    square = torch.tensor([[1.0, 3.0], [2.0, 1.0], [1.0, 9.0]])[:, None]
    q = torch.tensor([[4.0, 8.0], [5.0, 9.0], [6.0, 0.0]]).double()[:, None]
    made = b_of(OptimalToken(), replace(rollout, score_norm_sq=square), q)
    assert made[0] == pytest.approx([(1 * 4 + 3 * 8) / 4] * 2)
    assert made[1] == pytest.approx([(3 * 5 + 4 * 9) / 7] * 2)
    assert made[2] == pytest.approx([6.0] * 2)  # alone: 4 * 6 / 4


def test_the_square_of_a_score_is_that_of_autograd() -> None:
    out = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    for head, action in (
        (Categorical(Discrete(4)), torch.tensor([2, 0, 3])),
        (Gaussian(Box((-1.0, -1.0), (1.0, 1.0))), torch.tensor([[0.3, -1.0], [2.0, 0.1], [-0.4, 0.9]]).double()),
    ):
        (score,) = torch.autograd.grad(head.log_prob(out, action).sum(), out)
        torch.testing.assert_close(head.score_norm_sq(out, action).detach(), (score**2).sum(-1))


def test_a_greedy_text_answers_the_same_prompt_once_a_group_and_is_charged() -> None:
    """Its return is what the most probable tokens earn there, whatever the group's samples did."""
    task, variant = TASKS["transduce/copy-small"], VARIANTS["scst"]
    training = replace(small_training(task, variant), collection=Episodes(envs=8, group=4))
    seeds = (3, 5)
    policy = make_policy(task, variant, training, seeds)
    with torch.no_grad():
        policy.flat.values.normal_(generator=torch.Generator().manual_seed(1))
    made = make_collector(task, variant, training, seeds, policy)
    for _ in range(2):  # the second rollout meets other prompts, and so does its critic
        rollout, spent = made.collect(np.array([True, True]))
        length = task.factory.horizon  # type: ignore[attr-defined]
        assert spent.tolist() == [(8 + 2) * length] * 2
        assert rollout.greedy_return is not None
        assert torch.equal(rollout.greedy_return[0], rollout.greedy_return[-1])
        grouped = rollout.greedy_return[0].reshape(2, 2, 4)
        assert torch.equal(grouped, grouped[..., :1].expand_as(grouped))
        prompts = rollout.obs[: task.factory.prompt_length].reshape(-1, 2, 2, 4)  # type: ignore[attr-defined]
        for p in range(2):
            for g in range(2):
                told = prompts[:, p, g, 0]
                tokens, earned = told.clone(), 0.0
                for t in range(length):
                    row = torch.zeros(rollout.obs.shape[0], 2, 1, dtype=torch.long)
                    row[: len(tokens), p, 0] = tokens
                    with torch.no_grad():
                        best = policy.outputs(row, None, t + 1)[t, p, 0].argmax()
                    earned += float(told[t] - 2 == best) / length  # copying: symbol t of the prompt
                    tokens = torch.cat([tokens, best[None] + 2])
                assert rollout.greedy_return[0, p, 4 * g].item() == pytest.approx(earned, abs=1e-6)
    assert len(set(rollout.greedy_return[0].flatten().tolist())) > 1
    made.close()


def test_the_self_critics_advantage_is_the_difference() -> None:
    rollout = replace(grouped_rollout([[1.0, 3.0]], [[1.0, 1.0]], group=2), greedy_return=torch.tensor([[[2.5, 2.5]]]))
    made, _ = assess(VARIANTS["scst"].estimator, rollout, Signals(None), {})
    assert made.advantage.flatten().tolist() == [-1.5, 0.5]


@pytest.mark.parametrize("name", ["scst"])
def test_a_self_critic_needs_prompts(name: str) -> None:
    assert "no prompts" in str(VARIANTS[name].reason_unsupported(TASKS["CartPole-v1"]))
    assert VARIANTS[name].reason_unsupported(TASKS["bandit/small"]) is None


def test_leave_one_out_by_hand() -> None:
    q = torch.tensor([[1.0, 2.0, 6.0, 5.0, 9.0, 4.0]])[:, None]
    rollout = grouped_rollout([[0.0] * 6], [[1.0] * 6], group=3)
    b, _ = LeaveOneOut()(q, rollout, None, {})
    assert b.flatten().tolist() == [4.0, 3.5, 1.5, 6.5, 4.5, 7.0]
    assert (q - b).reshape(2, 3).sum(1).abs().max() < 1e-12  # advantages sum to zero in a group


def test_leave_one_out_of_a_group_of_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        LeaveOneOut()(torch.ones(1, 1, 2), grouped_rollout([[0.0, 0.0]], [[1.0, 1.0]], group=1), None, {})


def test_an_ended_episode_counts_zero_in_leave_one_out() -> None:
    rollout = grouped_rollout([[1.0, 3.0], [0.0, 5.0]], [[1.0, 1.0], [0.0, 1.0]], group=2)
    made, _ = assess(baseline_loo.VARIANT.estimator, rollout, Signals(None), {})
    assert made.advantage[:, 0].tolist() == [[1.0 - 8.0, 8.0 - 1.0], [0.0, 5.0 - 0.0]]


def test_moving_average_uses_the_past_only_and_each_step_its_own() -> None:
    baseline = MovingAverage(alpha=0.5)
    state = baseline.initial(1, 3)
    rollout = grouped_rollout([[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]], group=1)
    first = torch.tensor([[2.0, 4.0], [7.0, 9.0]])[:, None]
    b, state = baseline(first, rollout, None, state)
    assert b.abs().max() == 0  # nothing seen yet
    b, state = baseline(first * 3, rollout, None, state)
    assert b[:, 0, 0].tolist() == [3.0, 7.0]  # mean of 2, 4; of 7 alone, since the other had ended
    b, _ = baseline(first, rollout, None, state)
    # weights .25 and .5 of means 3 and 9, then of 7 and 21
    assert b[:, 0, 0].tolist() == pytest.approx([(0.25 * 3 + 0.5 * 9) / 0.75, (0.25 * 7 + 0.5 * 21) / 0.75])


def test_shift_invariance_of_baselines_and_its_failure_without_one() -> None:
    """Adding 5 to every return leaves leave-one-out advantages as they were; without a baseline it does not."""
    plain = grouped_rollout([[1.0, 3.0, 2.0]], [[1.0, 1.0, 1.0]], group=3)
    moved = replace(plain, reward=plain.reward + 5.0)
    for variant, same in ((baseline_loo.VARIANT, True), (reinforce.VARIANT, False)):
        a, b = (assess(variant.estimator, r, Signals(None), {})[0].advantage for r in (plain, moved))
        assert torch.allclose(a, b) is same

"""Shrinkage: between its two ends, unbiased over all outcomes of three prompts; and a baseline below the mean."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from algorithms.estimators.baseline import LeaveOneOut
from algorithms.estimators.baselines.across_prompts import LowerMean, Shrinkage
from algorithms.estimators.rollout import Rollout
from tests.rollouts import grouped_rollout


def batch(returns: list[float], group: int) -> tuple[Tensor, Rollout]:
    rollout = grouped_rollout([returns], [[1.0] * len(returns)], group)
    return rollout.reward, rollout


def shrunk(returns: list[float], group: int) -> list[float]:
    q, rollout = batch(returns, group)
    return Shrinkage()(q, rollout, None, {})[0].flatten().tolist()


def test_it_lies_between_the_groups_mean_and_that_of_the_others() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        q, rollout = batch(torch.randn(20, generator=generator).tolist(), 4)
        made = Shrinkage()(q, rollout, None, {})[0].flatten()
        own = LeaveOneOut()(q, rollout, None, {})[0].flatten()
        grouped = q.reshape(5, 4)
        others = ((grouped.sum() - grouped.sum(1)) / 16).repeat_interleave(4)
        low, high = torch.minimum(own, others), torch.maximum(own, others)
        assert bool(((made >= low - 1e-12) & (made <= high + 1e-12)).all())


def test_its_two_ends() -> None:
    """Prompts without noise: the group's own mean. Noise and equal means elsewhere: the mean of the others."""
    assert shrunk([1.0, 0.0, 5.0, 5.0, 9.0, 9.0], 2)[:2] == [0.0, 1.0]  # v = 0, so lam = 0
    assert shrunk([7.0, 7.0, 0.0, 2.0, 2.0, 0.0], 2)[:2] == pytest.approx([1.0, 1.0])  # s = 0, so lam = 1


def test_lam_by_hand() -> None:
    """Others 1 3 and 5 5: within 2 and 0, so v = 1; means 2 and 5: s = 4.5 - 1 / 2 = 4; lam = 1 / 5; their mean is 3.5."""
    assert shrunk([0.0, 10.0, 1.0, 3.0, 5.0, 5.0], 2)[:2] == pytest.approx([10 + 0.2 * (3.5 - 10), 0 + 0.2 * 3.5])


def test_with_two_prompts_it_is_leave_one_out() -> None:
    q, rollout = batch([1.0, 4.0, 0.0, 2.0], 2)
    assert torch.equal(Shrinkage()(q, rollout, None, {})[0], LeaveOneOut()(q, rollout, None, {})[0])


@pytest.mark.parametrize("baseline", [Shrinkage(), LowerMean(0.3)], ids=lambda b: type(b).__name__)
def test_the_mean_is_grad_p_of_every_prompt(baseline: Shrinkage | LowerMean) -> None:
    """All 64 outcomes of three prompts with two episodes each: E[sum of A S] = 2 p (1 - p), S = r - p in the logit."""
    rates = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64).repeat_interleave(2)
    total, size = torch.zeros(6, dtype=torch.float64), 0.0
    for outcome in product([0.0, 1.0], repeat=6):
        q, rollout = batch(list(outcome), 2)
        r = q.flatten()
        chance = torch.where(r > 0, rates, 1 - rates).prod()
        advantage = (q - baseline(q, rollout, None, {})[0]).flatten()
        total += chance * advantage * (r - rates)
        size += float(chance)
    assert size == pytest.approx(1.0)
    assert total.tolist() == pytest.approx((rates * (1 - rates)).tolist())


def test_a_baseline_below_the_mean() -> None:
    q, rollout = batch([1.0, 4.0], 2)
    assert LowerMean(0.1)(q, rollout, None, {})[0].flatten().tolist() == pytest.approx([3.9, 0.9])
    assert LowerMean(0.1).offset == -0.1
    with pytest.raises(ValueError, match="delta must be at least 0"):
        LowerMean(-0.1)

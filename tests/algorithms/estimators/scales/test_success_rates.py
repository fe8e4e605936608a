"""Scales of success rates by hand, and the best of k against subsets that are listed one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from torch import Tensor

from algorithms.estimators.advantage_scale import WholeRollout
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.scales.success_rates import BestOfK, OverMean, Signed
from tests.rollouts import grouped_rollout


def scaled(scale: WholeRollout, returns: list[float], group: int, baseline: float = 0.0) -> list[float]:
    """A' of one-step episodes with these returns."""
    rollout = grouped_rollout([returns], [[1.0] * len(returns)], group)
    made: Tensor = scale(rollout.reward - baseline, rollout.reward, rollout)  # type: ignore[operator]
    return made.flatten().tolist()


def by_subsets(returns: list[float], k: int) -> list[float]:
    """What each episode adds to the best of k, over all subsets; the best of nobody is 0."""
    size, made = len(returns), []
    subsets = list(combinations(range(size), k))
    for i in range(size):
        gains = [
            max(returns[j] for j in chosen) - max([returns[j] for j in chosen if j != i], default=0.0)
            for chosen in subsets
            if i in chosen
        ]
        made.append(size * sum(gains) / len(subsets))
    return made


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_best_of_k_is_the_sum_over_subsets(k: int) -> None:
    for returns in ([0.0, 1.0, 0.0, 1.0], [0.3, -1.2, 2.0, 0.3], [1.0] * 4, [5.0, 4.0, -3.0, 0.0]):
        assert scaled(BestOfK(k), returns, 4) == pytest.approx(by_subsets(returns, k), abs=1e-12)


def test_one_success_among_four_adds_it_to_every_pair() -> None:
    """Of 6 pairs 3 hold the success: 4 / 6 times 3. Two successes add to the 2 pairs each has with a failure: 4 / 3."""
    assert scaled(BestOfK(2), [0.0, 1.0, 0.0, 0.0], 4) == pytest.approx([0, 2, 0, 0])
    assert scaled(BestOfK(2), [1.0, 1.0, 0.0, 0.0], 4) == pytest.approx([4 / 3, 4 / 3, 0, 0])
    assert scaled(BestOfK(2), [0.2] * 4, 4) == [0.0] * 4


def test_over_the_mean() -> None:
    """1 of 4 right: (1 - 1/4) / (1/4) and -1; none right: 0. Groups are apart. A negative mean reverses nothing."""
    assert scaled(OverMean(), [1.0, 0, 0, 0], 4, 0.25) == pytest.approx([3, -1, -1, -1])
    assert scaled(OverMean(), [0.0, 0, 0, 0, 1, 1, 1, 1], 4) == pytest.approx([0] * 4 + [1] * 4)
    assert scaled(OverMean(), [-1.0, -1, -1, 1], 4, -0.5) == pytest.approx([-1, -1, -1, 3])


def test_signs() -> None:
    assert scaled(Signed(0.1), [1.0, 0.0, -1.0, 7.0], 1) == pytest.approx([0.1, -1, -1, 0.1])


def test_rows_after_an_end_have_nothing() -> None:
    rollout = grouped_rollout([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 1.0]], 2)
    q = rollout.reward.sum(0, keepdim=True).expand_as(rollout.reward)
    for scale in (BestOfK(2), OverMean(), Signed()):
        assert float(scale(q, q, rollout)[1, 0, 0]) == 0
        assert float(scale(q, q, rollout)[0, 0, 0]) != 0 or isinstance(scale, BestOfK)


def _one(size: int) -> tuple[Tensor, Rollout]:
    rollout = grouped_rollout([[1.0] * size], [[1.0] * size], size)
    return rollout.reward, rollout


def test_groups_that_are_too_small_are_errors() -> None:
    q, rollout = _one(4)
    for scale in (BestOfK(2), OverMean()):
        with pytest.raises(ValueError, match="at least 2 episodes"):
            scale(q, q, replace(rollout, group=1))
    with pytest.raises(ValueError, match="the best of 5 needs groups of at least 5 episodes, not 4"):
        BestOfK(5)(q, q, rollout)
    with pytest.raises(ValueError, match="k must be at least 1"):
        BestOfK(0)

"""The weights of answers and the objective of group estimators, by hand and by listing every group."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from algorithms import VARIANTS
from algorithms.conformance.declared.success_rates import success_factor
from algorithms.conformance.exact.group_objective import group_weights, log_of_order, pass_at

P = np.array([0.1, 0.5, 0.8])


def test_weights_of_rloo_by_hand() -> None:
    weights = group_weights(VARIANTS["rloo"].estimator, 2)  # of one right and one wrong answer A is 1 and -1; 1/N = 1/2
    np.testing.assert_allclose(weights.right, [np.nan, 0.5, 0])
    np.testing.assert_allclose(weights.wrong, [0, -0.5, np.nan])
    np.testing.assert_allclose(weights.factor(P), 1)


def test_named_factors_by_hand() -> None:
    assert pass_at(3, np.array(0.5)) == 0.75  # 3 x .25
    assert log_of_order(3, np.array(0.5)) == 1.75  # 1 + .5 + .25 = (1 - 1/8) / .5


def test_division_by_the_deviation_has_the_known_factor() -> None:
    for group in (2, 5):
        known = [success_factor(group, p) for p in P]
        np.testing.assert_allclose(group_weights(VARIANTS["grpo"].estimator, group).factor(P), known, rtol=1e-10)


def test_gpg_climbs_the_partial_sum_of_order_g_minus_1() -> None:
    """Dividing by the share of right answers is MaxRL's weight, one order below the size of the group."""
    for group in (2, 3, 8):
        w = group_weights(VARIANTS["gpg"].estimator, group).factor(P)
        np.testing.assert_allclose(w, log_of_order(group - 1, P), rtol=1e-10)
        assert np.abs(w / log_of_order(group, P) - 1).max() > 0.02


def test_raft_stops_where_all_others_are_right() -> None:
    np.testing.assert_allclose(group_weights(VARIANTS["raft"].estimator, 3).factor(P), 1 - P**2, rtol=1e-10)


@pytest.mark.parametrize("name", ["reinforce", "rloo", "dr_grpo", "grpo", "gpg", "raft", "like_trl_grpo"])
def test_the_factor_equals_the_sum_over_every_group(name: str) -> None:
    group, p = 4, 0.3
    weights = group_weights(VARIANTS[name].estimator, group)
    total = 0.0
    for rewards in itertools.product((0, 1), repeat=group):
        right = sum(rewards)
        chance = p**right * (1 - p) ** (group - right)
        for reward in rewards:  # E[S | right] = grad p / p, E[S | wrong] = -grad p / (1 - p)
            total += chance * (weights.right[right] / p if reward else -weights.wrong[right] / (1 - p))
    assert weights.factor(np.array(p)) == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ppo", "has a critic"),
        ("baseline_mean", "remembers earlier rollouts"),
        ("scst", "reads more of the policy"),
        ("clip_cov", "unequal weights"),
    ],
)
def test_estimators_without_a_factor_say_why(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        group_weights(VARIANTS[name].estimator, 4)

"""Factors of success rates: closed forms, the listing that checks them, and orders that are off by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from algorithms import VARIANTS
from algorithms.conformance.declared import success_rates
from algorithms.conformance.declared.success_rates import FACTORS, listed_factor
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import Zero
from algorithms.estimators.scales.success_rates import BestOfK

MAXRL, RLOO = VARIANTS["maxrl"].estimator, VARIANTS["rloo"].estimator
RATES = (0.02, 0.1, 0.3, 0.5, 0.8, 0.99)


@pytest.mark.parametrize("group", range(2, 17))
def test_maxrl_is_of_order_one_less_than_its_group(group: int) -> None:
    """grad p (1 - (1-p)^(G-1)) / p. With order G, as is written elsewhere, it would be larger by (1-p)^(G-1)."""
    for p in RATES:
        seen = listed_factor(MAXRL, group, p)
        assert seen == pytest.approx((1 - (1 - p) ** (group - 1)) / p, rel=1e-10)
        order_g = (1 - (1 - p) ** group) / p
        assert order_g - seen == pytest.approx((1 - p) ** (group - 1), rel=1e-6, abs=1e-12)


def test_without_its_baseline_it_is_of_order_g() -> None:
    """A = R / mean R: each success counts 1 / K, so E[g] = E[S given right] P(K > 0) = grad p (1 - (1-p)^G) / p."""
    bare = replace(MAXRL, baseline=Zero())
    for group in (2, 5, 16):
        for p in RATES:
            assert listed_factor(bare, group, p) == pytest.approx((1 - (1 - p) ** group) / p, rel=1e-10)
    assert not success_rates.examine(bare, "likelihood").holds
    assert success_rates.examine(MAXRL, "likelihood").holds


def test_a_group_of_two_of_maxrl_is_plain_policy_gradient() -> None:
    """K = 1 alone counts: advantages 1 and -1 with chance 2 p (1 - p), over p (1 - p) and a half for the mean."""
    assert [listed_factor(MAXRL, 2, p) for p in RATES] == pytest.approx([1.0] * len(RATES))


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_the_best_of_k_ascends_pass_at_k(k: int) -> None:
    estimator = replace(VARIANTS["pkpo"].estimator, scale=BestOfK(k))
    for group in (k, k + 1, 16):
        if group < 2:
            continue
        for p in RATES:
            assert listed_factor(estimator, group, p) == pytest.approx(k * (1 - p) ** (k - 1), rel=1e-10)
    assert FACTORS["best_of_k"](replace(RLOO, scale=BestOfK(3)), 4, 0.5) == 0.75


def test_signs_of_either_size_have_the_same_mean() -> None:
    for p in RATES:
        assert listed_factor(VARIANTS["w_reinforce"].estimator, 4, p) == pytest.approx(1.1, rel=1e-6)


def test_the_listing_knows_the_old_factors_too() -> None:
    """1 of rloo, (G-1)/G of the group's mean, w_G(p) of the deviation: 1 for pairs, 1.86 for eight at one half."""
    assert listed_factor(RLOO, 4, 0.3) == pytest.approx(1.0)
    assert listed_factor(VARIANTS["dr_grpo"].estimator, 4, 0.3) == pytest.approx(0.75)
    assert listed_factor(VARIANTS["grpo"].estimator, 2, 0.3) == pytest.approx(1.0)
    assert listed_factor(VARIANTS["grpo"].estimator, 8, 0.5) == pytest.approx(1.86, abs=0.005)
    wider = replace(VARIANTS["grpo"].estimator, scale=Deviation("group", ddof=1))  # by sqrt 2 of pairs
    assert FACTORS["success"](wider, 2, 0.3) == pytest.approx(0.5**0.5)
    assert listed_factor(wider, 2, 0.3) == pytest.approx(0.5**0.5)


def test_the_series_of_log_p() -> None:
    """(1 - (1-p)^(G-1)) / p is the sum of (1-p)^k over k < G - 1, which goes to 1 / p."""
    assert FACTORS["likelihood"](MAXRL, 4, 0.2) == pytest.approx(1 + 0.8 + 0.64)
    assert FACTORS["likelihood"](MAXRL, 2_000, 0.05) == pytest.approx(20.0)

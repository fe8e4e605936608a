"""Penalties by hand: their tops, and a price that follows what was seen."""

from __future__ import annotations

from math import exp, log

import pytest
import torch
from torch import Tensor

from algorithms.estimators.surrogate import Ratio
from algorithms.estimators.surrogates.penalties import MOST, AdaptiveKL, QuadraticPenalty


def slope(surrogate: AdaptiveKL | QuadraticPenalty | Ratio, ratio: float, advantage: float) -> float:
    """dL / d log pi of one row."""
    logp = torch.full((1, 1, 1), log(ratio), dtype=torch.float64, requires_grad=True)
    one = torch.ones(1, 1, 1, dtype=torch.float64)
    return float(torch.autograd.grad(surrogate(logp, 0 * one, advantage * one, one).sum(), logp)[0])


@pytest.mark.parametrize("advantage", [2.0, -0.5])
def test_simple_po_stands_still_at_one_plus_or_minus_eps(advantage: float) -> None:
    """dL / d log pi = rho (A - |A| (rho - 1) / eps): 0 at 1 + sign(A) eps, A at 1, turned round beyond."""
    surrogate, sign = QuadraticPenalty(0.2), 1 if advantage > 0 else -1
    assert slope(surrogate, 1 + 0.2 * sign, advantage) == pytest.approx(0.0, abs=1e-12)
    assert slope(surrogate, 1.0, advantage) == pytest.approx(advantage)
    assert slope(surrogate, 1 + 0.3 * sign, advantage) * advantage < 0
    assert slope(surrogate, 1 - 0.3 * sign, advantage) * advantage > 0


def test_a_price_of_nothing_is_the_ratio() -> None:
    for ratio in (0.3, 1.0, 2.5):
        for advantage in (1.0, -2.0):
            assert slope(AdaptiveKL(beta=0.0), ratio, advantage) == slope(Ratio(), ratio, advantage)


def test_the_penalty_is_an_estimate_of_the_kl_to_mu() -> None:
    """k at ratio e: e - 1 - 1. Its slope is beta (rho - 1); over mu = (1/2, 1/2) and pi = (3/4, 1/4) its mean is the KL."""
    one = torch.ones(1, 1, 1, dtype=torch.float64)
    assert float(AdaptiveKL(2.0).penalty(one, 0 * one, one, one)) == pytest.approx(2 * (exp(1) - 2))
    assert slope(AdaptiveKL(2.0), 3.0, 0.0) == pytest.approx(-4.0)
    pi, mu = torch.tensor([0.75, 0.25]).log(), torch.tensor([0.5, 0.5]).log()
    mean = AdaptiveKL(1.0).penalty(pi[None, None], mu[None, None], one, torch.ones(1, 1, 2)).mean()
    assert float(mean) == pytest.approx(0.5 * log(0.5 / 0.75) + 0.5 * log(0.5 / 0.25), abs=1e-6)


def _apart(*kl: float) -> Tensor:
    """log ratios [1, P, 1] whose k = exp(x) - 1 - x are these, by Newton's method."""
    target = torch.tensor(kl, dtype=torch.float64)
    x = (2 * target).sqrt()
    for _ in range(50):
        x = x - (x.exp() - 1 - x - target) / (x.exp() - 1).clamp(min=1e-12)
    return torch.where(target > 0, x, 0.0)[None, :, None]


def test_each_member_has_a_price_that_doubles_and_halves() -> None:
    """Target 0.01: at 0.016 it doubles, at 0.014 and 0.007 it stays, at 0.006 it halves; the last did not play."""
    x = _apart(0.016, 0.014, 0.007, 0.006, 0.016)
    valid = torch.ones_like(x)
    valid[:, 4] = 0
    surrogate = AdaptiveKL(beta=1.0, target=0.01)
    state = surrogate.initial(5)
    after = surrogate.update(x, valid, {name: value.double() for name, value in state.items()})
    assert after["beta"].tolist() == [2.0, 1.0, 1.0, 0.5, 1.0]
    one = torch.ones(1, 5, 1, dtype=torch.float64)
    costs = surrogate.with_state(after).penalty(one, 0 * one, one, one).flatten() / (exp(1) - 2)
    assert costs.tolist() == pytest.approx([2.0, 1.0, 1.0, 0.5, 1.0])


def test_the_price_stays_finite() -> None:
    surrogate, far, one = AdaptiveKL(), torch.full((1, 1, 1), 9.0), torch.ones(1, 1, 1)
    state = surrogate.initial(1)
    for _ in range(40):
        state = surrogate.update(far, one, state)
    assert state["beta"].tolist() == [MOST]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="beta 0 at least and target above 0"):
        AdaptiveKL(beta=-1.0)
    with pytest.raises(ValueError, match="eps must be positive"):
        QuadraticPenalty(0.0)


def test_rows_after_an_end_do_not_thin_what_was_seen() -> None:
    """One row at a KL of 0.016 and one that is not valid: the mean is 0.016, not 0.008, so the price doubles."""
    x, valid = _apart(0.016).repeat(2, 1, 1), torch.tensor([[[1.0]], [[0.0]]], dtype=torch.float64)
    after = AdaptiveKL(beta=1.0, target=0.01).update(x, valid, {"beta": torch.ones(1, dtype=torch.float64)})
    assert after["beta"].tolist() == [2.0]

"""Soft weights by hand, and what they leave of a text that has moved."""

from __future__ import annotations

from math import exp

import pytest
import torch
from torch import Tensor

from algorithms.estimators.surrogate import Score
from algorithms.estimators.surrogates.soft_weights import GammaKernel, SoftGate, Tapered


def weights(surrogate: SoftGate | GammaKernel | Tapered, ratio: float) -> tuple[float, float]:
    """f at this ratio for A of 1 and of -1."""
    x = torch.tensor(ratio, dtype=torch.float64).log().expand(2)
    f = surrogate.weight(x, torch.tensor([1.0, -1.0], dtype=torch.float64))
    return float(f[0]), float(f[1])


def test_the_soft_gate_at_ratio_two() -> None:
    """tau 1: s = sigmoid(1) = 0.7311, 4 s (1 - s) 2 = 1.5729; tau 1.05: s = 0.7408, f = 1.5362."""
    assert weights(SoftGate(), 2.0) == pytest.approx((1.5729, 1.5362), abs=1e-4)
    assert weights(SoftGate(), 1.0) == pytest.approx((1.0, 1.0))
    assert weights(SoftGate(), 20.0)[0] < 1e-5


def test_the_gamma_kernel_and_its_top() -> None:
    """w^2 e^(3 (1 - w)) and w^3 e^(2 (1 - w)): tops at 2/3 and 3/2, of 4/9 e and 27/8 / e."""
    assert weights(GammaKernel(), 1.0) == pytest.approx((1.0, 1.0))
    assert weights(GammaKernel(), 2 / 3)[0] == pytest.approx(4 / 9 * exp(1))
    assert weights(GammaKernel(), 3 / 2)[1] == pytest.approx(27 / 8 * exp(-1))
    for sign, top in ((0, 2 / 3), (1, 3 / 2)):
        assert (
            max(weights(GammaKernel(), top + d)[sign] for d in (-0.05, 0.0, 0.05)) == weights(GammaKernel(), top)[sign]
        )
    assert weights(GammaKernel(), 8.0) == pytest.approx((64 * exp(-21), 512 * exp(-14)))


def test_successes_count_fully_and_failures_by_what_is_left_of_them() -> None:
    assert weights(Tapered(), 0.25) == (1.0, 0.25)
    assert weights(Tapered(), 4.0) == (1.0, 1.0)


@pytest.mark.parametrize("surrogate", [GammaKernel(), Tapered()])
def test_a_text_weighs_by_the_product_of_its_ratios(surrogate: GammaKernel | Tapered) -> None:
    """Two tokens at ratios 1/2 and 1/2, a third row that is padding; every row has the weight of 1/4."""
    logp = torch.tensor([0.5, 0.5, 9.0], dtype=torch.float64).log()[:, None, None].requires_grad_()
    valid = torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)[:, None, None]
    advantage = -torch.ones_like(valid)
    made = surrogate(logp, torch.zeros_like(valid), advantage, valid) * valid
    (slope,) = torch.autograd.grad(made.sum(), logp)
    assert slope.flatten().tolist() == pytest.approx([-weights(surrogate, 0.25)[1]] * 2 + [0.0])


def test_on_policy_all_are_the_score() -> None:
    generator = torch.Generator().manual_seed(0)
    logp = -torch.rand(3, 2, 4, generator=generator, dtype=torch.float64)
    advantage = torch.randn(1, 2, 4, generator=generator, dtype=torch.float64).expand(3, 2, 4)

    def slope(surrogate: Score | SoftGate | GammaKernel | Tapered) -> Tensor:
        at = logp.clone().requires_grad_()
        return torch.autograd.grad(surrogate(at, logp, advantage, torch.ones_like(logp)).sum(), at)[0]

    for surrogate in (SoftGate(), GammaKernel(), Tapered()):
        torch.testing.assert_close(slope(surrogate), slope(Score()))


@pytest.mark.parametrize("make", [lambda: SoftGate(positive=0), lambda: GammaKernel(lam_negative=-1)])
def test_temperatures_are_positive(make: object) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        make()  # type: ignore[operator]


def test_a_cap_below_one_would_cut_data_that_are_not_stale() -> None:
    with pytest.raises(ValueError, match="cap must be at least 1"):
        Tapered(0.5)


@pytest.mark.parametrize("surrogate", [SoftGate(2.0, 3.0), GammaKernel(), Tapered(1.5)])
def test_off_policy_the_slope_is_the_weight_times_the_advantage(surrogate: SoftGate | GammaKernel | Tapered) -> None:
    """One token at a ratio of 2, A of 1 and -1: the gate has the temperature of its sign in the loss too."""
    logp = torch.full((1, 1, 2), 2.0, dtype=torch.float64).log().requires_grad_()
    advantage = torch.tensor([1.0, -1.0], dtype=torch.float64).expand(1, 1, 2)
    made = surrogate(logp, torch.zeros_like(advantage), advantage, torch.ones_like(advantage))
    (slope,) = torch.autograd.grad(made.sum(), logp)
    good, bad = weights(surrogate, 2.0)
    assert good != bad
    assert slope.flatten().tolist() == pytest.approx([good, -bad])

"""Ratios of whole texts by hand: one token that went too far, and the identity with GSPO."""

from __future__ import annotations

from math import exp

import pytest
import torch
from torch import Tensor

from algorithms.estimators.surrogate import GeometricRatio
from algorithms.estimators.surrogates.text_ratios import GeometricMean, GeometricToken


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


def value_and_slope(surrogate: GeometricRatio | GeometricMean, x: Tensor, advantage: Tensor) -> tuple[Tensor, Tensor]:
    """L and d sum L / d log pi; sum over rows and division by their number is the aggregation of `sequence`."""
    logp = x.clone().requires_grad_()
    valid = torch.ones_like(x)
    made = surrogate(logp, torch.zeros_like(x), advantage, valid).expand_as(x)
    return made.detach(), torch.autograd.grad(made.sum(), logp)[0]


def test_a_token_that_went_too_far_stops_alone() -> None:
    """log rho of 0.9 and 0.2, clip 0.4. A = 1: exp((0.4 + 0.2) / 2) = 1.35, only the second row has a gradient."""
    x, one = column(0.9, 0.2), column(1.0, 1.0)
    value, slope = value_and_slope(GeometricMean(0.4), x, one)
    assert value.flatten().tolist() == pytest.approx([exp(0.3)] * 2)
    assert slope.flatten().tolist() == pytest.approx([0.0, exp(0.3)])
    value, slope = value_and_slope(GeometricMean(0.4), x, -one)  # A < 0: a likely failure is pulled back
    assert slope.flatten().tolist() == pytest.approx([-exp(0.55)] * 2)
    assert GeometricMean(0.4).bounds == pytest.approx((exp(-0.4), exp(0.4)))


def test_gspo_token_is_gspo_where_advantages_of_a_text_are_equal() -> None:
    """Inside the bounds and beyond them, for both signs: values and gradients."""
    generator = torch.Generator().manual_seed(1)
    for size in (1e-4, 1e-2):
        x = size * torch.randn(4, 3, 8, generator=generator, dtype=torch.float64)
        advantage = torch.randn(1, 3, 8, generator=generator, dtype=torch.float64).expand(4, 3, 8)
        for plain, token in zip(
            value_and_slope(GeometricRatio(), x, advantage),
            value_and_slope(GeometricToken(), x, advantage),
            strict=True,
        ):
            torch.testing.assert_close(plain, token)


def test_tokens_of_gspo_token_may_have_advantages_of_their_own() -> None:
    """On policy each row has its own A as slope; GSPO would give both the mean of the two, 2."""
    x, advantage = column(0.0, 0.0), column(1.0, 3.0)
    assert value_and_slope(GeometricToken(), x, advantage)[1].flatten().tolist() == [1.0, 3.0]
    assert value_and_slope(GeometricRatio(), x, advantage)[1].flatten().tolist() == [2.0, 2.0]


def test_an_unlikely_failure_stops_alone_too() -> None:
    """log rho of -0.9 and -0.2, A = -1: exp((-0.4 - 0.2) / 2), and only the second row has a gradient."""
    x, one = column(-0.9, -0.2), column(1.0, 1.0)
    value, slope = value_and_slope(GeometricMean(0.4), x, -one)
    assert value.flatten().tolist() == pytest.approx([-exp(-0.3)] * 2)
    assert slope.flatten().tolist() == pytest.approx([0.0, -exp(-0.3)])
    assert value_and_slope(GeometricMean(0.4), x, one)[1].flatten().tolist() == pytest.approx([exp(-0.55)] * 2)


@pytest.mark.parametrize(
    "surrogate",
    [GeometricMean(0.4), GeometricToken(0.4, 0.4), GeometricRatio(0.4, 0.4)],
    ids=lambda s: type(s).__name__,
)
def test_rows_after_the_end_are_no_part_of_the_mean(surrogate: GeometricMean | GeometricRatio) -> None:
    """Two tokens at log rho 0.2 and 0.0, then a row that is not valid: exp(0.2 / 2), not exp(0.2 / 3) or its 9."""
    x, valid = column(0.2, 0.0, 9.0), column(1.0, 1.0, 0.0)
    made = surrogate(x, torch.zeros_like(x), torch.ones_like(x), valid).expand_as(x)
    assert made[:2].flatten().tolist() == pytest.approx([exp(0.1)] * 2)

"""Surrogates of ratios: clip-higher, dual clip, ratios of whole texts, capped weights; values and gradients by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from algorithms.estimators.estimator import Surrogate
from algorithms.estimators.surrogate import (
    ClippedCovariance,
    ClippedRatio,
    GeometricRatio,
    PenalisedCovariance,
    Score,
    SequenceRatio,
    StoppedRatio,
    _largest_covariances,
)


def made(surrogate: Surrogate, ratio: Tensor, advantage: Tensor, valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """(L, dL/dlogp) of ratios [T, N], one member."""
    logp = ratio.log()[:, None].requires_grad_()
    on = torch.ones_like(logp) if valid is None else valid[:, None]
    objective = surrogate(logp, torch.zeros_like(logp), advantage[:, None], on)
    (gradient,) = torch.autograd.grad((objective * on).sum(), logp)
    return (objective * on).detach()[:, 0], gradient[:, 0]


def test_clip_higher_leaves_more_room_above() -> None:
    ratio, advantage = torch.tensor([[1.25, 1.25, 0.75]]), torch.tensor([[2.0, -2.0, -2.0]])
    value, gradient = made(ClippedRatio(0.2, high=0.28), ratio, advantage)
    assert value.flatten().tolist() == pytest.approx([2.5, -2.5, -1.6])
    assert gradient.flatten().tolist() == pytest.approx([2.5, -2.5, 0.0])
    assert made(ClippedRatio(0.2), ratio, advantage)[1].flatten().tolist() == pytest.approx([0.0, -2.5, 0.0])


def test_the_dual_clip_bounds_the_loss_of_a_bad_action() -> None:
    ratio, advantage = torch.tensor([[2.0, 5.0, 5.0]]), torch.tensor([[-2.0, -2.0, 2.0]])
    value, gradient = made(ClippedRatio(0.2, dual=3.0), ratio, advantage)
    assert value.flatten().tolist() == pytest.approx([-4.0, -6.0, 2.4])
    assert gradient.flatten().tolist() == pytest.approx([-4.0, 0.0, 0.0])


def test_the_ratio_of_a_whole_text() -> None:
    """Text 1: 1.1 * 1.05 = 1.155, kept; text 2: 1.5, its second row is padding: clipped at 1.2."""
    ratio = torch.tensor([[1.1, 1.5], [1.05, 7.0]])
    advantage, valid = torch.tensor([[2.0, 2.0], [2.0, 2.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    value, gradient = made(SequenceRatio(0.2), ratio, advantage, valid)
    assert value.sum(0).tolist() == pytest.approx([2 * 1.155, 2.4])
    assert gradient[:, 0].tolist() == pytest.approx([2 * 1.155] * 2)  # A rho on every token
    assert gradient[:, 1].tolist() == [0.0, 0.0]


def test_the_geometric_ratio_of_a_text() -> None:
    """sqrt(1.0004 * 1.0002) lies within 1.0004; its gradient is s A / |y| on every token."""
    ratio = torch.tensor([[1.0004, 1.01], [1.0002, 1.0]], dtype=torch.float64)
    value, gradient = made(GeometricRatio(), ratio, torch.full((2, 2), 3.0).double())
    s = (1.0004 * 1.0002) ** 0.5
    assert value[:, 0].tolist() == pytest.approx([3 * s] * 2)
    # each of two rows holds the whole min(s A, clip(s) A), whose derivative by each token's log pi is s A / 2
    assert gradient[:, 0].tolist() == pytest.approx([3 * s] * 2)
    assert value[:, 1].tolist() == pytest.approx([3 * 1.0004] * 2)  # sqrt(1.01) is clipped
    assert gradient[:, 1].tolist() == [0.0, 0.0]


def test_the_stopped_ratio_never_silences_a_token() -> None:
    ratio, advantage = torch.tensor([[9.0, 0.1, 9.0]]), torch.tensor([[2.0, 2.0, -2.0]])
    _, gradient = made(StoppedRatio(5.0), ratio, advantage)
    assert gradient.flatten().tolist() == pytest.approx([10.0, 0.2, -10.0])


@pytest.mark.parametrize("surrogate", [ClippedRatio(0.2, 0.28, 3.0), SequenceRatio(), StoppedRatio()])
def test_at_ratio_one_each_has_the_gradient_of_the_score(surrogate: Surrogate) -> None:
    advantage = torch.tensor([[2.0, -3.0], [2.0, -3.0]])  # one number a text
    _, gradient = made(surrogate, torch.ones(2, 2), advantage)
    torch.testing.assert_close(gradient, advantage)


@pytest.mark.parametrize(
    ("maker", "match"),
    [
        (lambda: ClippedRatio(1.5), "clip must lie in"),
        (lambda: ClippedRatio(0.2, high=0.0), "high must be positive"),
        (lambda: ClippedRatio(0.2, dual=1.0), "dual must be larger than 1"),
        (lambda: StoppedRatio(0.0), "cap must be positive"),
    ],
)
def test_what_makes_no_clip_says_why(maker: object, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        maker()  # type: ignore[operator]


# of log pi, with A = (3, -1), (1, 1) and one dead row
COVARIANCES = torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log()[:, None]
ADVANTAGES = torch.tensor([[3.0, -1.0], [1.0, 1.0]])[:, None]


def test_the_largest_covariances_of_each_member() -> None:
    """(log pi - mean)(A - mean): of .9 .1 .5 and 3 -1 1: the rare bad token first (mean log pi -1.03, mean A 1)."""
    valid = torch.tensor([[1.0, 1.0], [1.0, 0.0]])[:, None]
    one = _largest_covariances(COVARIANCES, ADVANTAGES, valid, 0.01)
    assert one[:, 0].tolist() == [[False, True], [False, False]]
    assert torch.equal(_largest_covariances(COVARIANCES, ADVANTAGES, valid, 0.6), one)  # of 1.8 rows 1
    two = _largest_covariances(COVARIANCES, ADVANTAGES, valid, 0.7)
    assert two[:, 0].tolist() == [[True, True], [False, False]]


def test_rows_after_the_end_are_in_no_mean_of_the_covariance() -> None:
    """log pi of 0, -1, -3 (mean -4/3) and A of 2, 0, 1 (mean 1): 4/3, -1/3, 0. With -9 and 9 of the last row they would be
    -3.25, -6.75, -0.5, and the third the largest."""
    logp, advantage = (torch.tensor([[x]]) for x in ([0.0, -1.0, -3.0, -9.0], [2.0, 0.0, 1.0, 9.0]))
    found = _largest_covariances(logp, advantage, torch.tensor([[[1.0, 1.0, 1.0, 0.0]]]), 0.01)
    assert found.flatten().tolist() == [True, False, False, False]


def test_clip_cov_stops_their_gradient_and_kl_cov_charges_them() -> None:
    old = COVARIANCES - 0.1  # ratios exp(.1) everywhere
    valid = torch.ones(2, 1, 2)
    for surrogate, expected in (
        (ClippedCovariance(share=0.25), [0.0 * 3, 0.0, 1.105, 1.105]),
        (PenalisedCovariance(share=0.25, kappa=2.0), [0.0, 0.0, 0.0, 0.0]),
    ):
        logp = COVARIANCES.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(surrogate(logp, old, ADVANTAGES, valid).sum(), logp)
        g = gradient.flatten().tolist()
        plain = [1.105 * a for a in ADVANTAGES.flatten().tolist()]
        if isinstance(surrogate, ClippedCovariance):
            assert g == pytest.approx([plain[0], 0.0, *expected[2:]], abs=1e-3)
        else:
            assert g == pytest.approx([plain[0], plain[1] - 2.0, plain[2], plain[3]], abs=1e-3)


def test_at_ratio_one_rounding_does_not_charge_anybody() -> None:
    logp = COVARIANCES.clone().requires_grad_()
    noisy = COVARIANCES + torch.tensor([[1e-7, -1e-7], [1e-7, 1e-7]])[:, None]
    made = PenalisedCovariance(share=1.0, kappa=5.0)(logp, noisy, ADVANTAGES, torch.ones(2, 1, 2))
    (gradient,) = torch.autograd.grad(made.sum(), logp)
    torch.testing.assert_close(gradient, ADVANTAGES, rtol=1e-4, atol=1e-4)


def test_clipped_ratio_by_hand() -> None:
    ratio, advantage = torch.tensor([0.5, 1.5, 0.5, 1.5, 1.1]), torch.tensor([2.0, 2.0, -2.0, -2.0, 2.0])
    made = ClippedRatio(0.2)(ratio.log(), torch.zeros(5), advantage, torch.ones(5))
    assert made.tolist() == pytest.approx([1.0, 2.4, -1.6, -3.0, 2.2])


def test_clipped_ratio_has_the_gradient_of_the_score_at_ratio_one() -> None:
    logp = torch.tensor([-0.3, -1.2, -0.7], requires_grad=True)
    advantage = torch.tensor([2.0, -3.0, 5.0])
    grads = [
        torch.autograd.grad(s(logp, logp.detach(), advantage, torch.ones(3)).sum(), logp)[0]
        for s in (Score(), ClippedRatio())
    ]
    torch.testing.assert_close(*grads)

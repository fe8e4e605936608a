"""Masks by hand: which of a few actions, with given probabilities before and after, lose their gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from algorithms.estimators.surrogate import ClippedRatio, Ratio
from algorithms.estimators.surrogates.masks import BinaryKL, Mask, Masked, ProbabilityGap, SecondMoment, StaleFailures
from algorithms.tunable import replace_unchecked


def rows(*values: float) -> Tensor:
    """[T, 1, 1]"""
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


def kept(mask: Mask, pi: list[float], mu: list[float], advantage: list[float]) -> list[float]:
    made = mask(rows(*pi).log(), rows(*mu).log(), rows(*advantage), torch.ones(len(pi), 1, 1, dtype=torch.float64))
    return made.flatten().tolist()


# probabilities that rise and fall by .3 and by .1, each with both signs of A
PI, MU = [0.8, 0.8, 0.2, 0.2, 0.6, 0.4], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
SIGNS = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]


def test_a_directed_gap_drops_steps_that_go_on_and_a_blind_one_those_that_come_back_too() -> None:
    assert kept(ProbabilityGap(0.2), PI, MU, SIGNS) == [0, 1, 1, 0, 1, 1]
    assert kept(ProbabilityGap(0.2, directed=False), PI, MU, SIGNS) == [0, 0, 0, 0, 1, 1]


def test_a_rare_action_may_double_where_a_likely_one_may_not() -> None:
    """A ratio of 2 at 0.001 moves 0.001 of probability, at 0.4 it moves 0.4. PPO's clip stops both."""
    assert kept(ProbabilityGap(0.2), [0.002, 0.8], [0.001, 0.4], [1.0, 1.0]) == [1, 0]


def test_the_binary_kl_by_hand() -> None:
    """0.5 to 0.8: 0.5 log(0.5 / 0.8) + 0.5 log(0.5 / 0.2) = 0.2231; to 0.6: 0.0204. Only steps away are dropped."""
    assert kept(BinaryKL(0.2231), PI, MU, SIGNS) == [0, 1, 1, 0, 1, 1]
    assert kept(BinaryKL(0.2232), PI, MU, SIGNS) == [1, 1, 1, 1, 1, 1]
    assert kept(BinaryKL(0.0204), PI, MU, SIGNS) == [0, 1, 1, 0, 0, 0]
    assert kept(BinaryKL(0.05), [1.0, 1.0], [1.0, 0.5], [1.0, 1.0]) == [1, 0]  # a sure action divides nothing by 0


def test_a_failure_that_has_become_rare_is_dropped_as_a_whole() -> None:
    """Mean log(mu / pi) of a text of two tokens: (log 2 + 0) / 2 = 0.347; the third row is padding."""
    mu, pi = rows(0.4, 0.5, 0.9).log(), rows(0.2, 0.5, 1e-9).log()
    valid = rows(1.0, 1.0, 0.0)
    for threshold, sign, expected in ((0.34, -1.0, 0.0), (0.35, -1.0, 1.0), (0.34, 1.0, 1.0)):
        made = StaleFailures(threshold)(pi, mu, sign * torch.ones_like(mu), valid)
        assert made[:2].flatten().tolist() == [expected] * 2


def test_the_farthest_rows_go_until_the_rest_is_near() -> None:
    """(log rho)^2 of 0.01, 0.04, 0.25, 1: means of the smallest 0.01, 0.025, 0.1, 0.325. Members are apart."""
    x = rows(0.1, -0.2, 0.5, -1.0).expand(4, 2, 1).clone()
    x[:, 1] = 3.0
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    assert SecondMoment(0.1)(x, zero, one, one)[:, 0].flatten().tolist() == [1, 1, 1, 0]
    assert SecondMoment(0.09)(x, zero, one, one)[:, 0].flatten().tolist() == [1, 1, 0, 0]
    assert SecondMoment(0.09)(x, zero, one, one)[:, 1].sum() == 1  # the nearest is kept, however far
    assert SecondMoment(0.09)(zero, zero, one, one).min() == 1
    padded = torch.cat([one[:3], 0 * one[:1]])
    assert SecondMoment(0.09)(x, zero, one, padded)[:, 0].flatten().tolist() == [1, 1, 0, 0]
    still = x * padded  # padding that has not moved thins nothing out: with it the mean of four is 0.075
    assert SecondMoment(0.09)(still, zero, one, padded)[:3, 0].flatten().tolist() == [1, 1, 0]


def test_members_may_have_bounds_of_their_own() -> None:
    pi, mu = (rows(p).expand(1, 2, 1).log() for p in (0.8, 0.5))
    one = torch.ones_like(mu)
    columns = torch.tensor([[0.2], [0.4]], dtype=torch.float64)  # the gap is 0.3, the KL 0.2231
    gap, kl = (replace_unchecked(mask, delta=columns) for mask in (ProbabilityGap(), BinaryKL()))
    assert gap(pi, mu, one, one).flatten().tolist() == [0, 1]
    assert kl(pi, mu, one, one).flatten().tolist() == [0, 1]
    assert replace_unchecked(SecondMoment(), bound=columns)(pi, mu, one, one).flatten().tolist() == [1, 1]


def test_a_masked_surrogate_is_its_inner_one_on_what_is_kept() -> None:
    logp = rows(*PI).log().requires_grad_()
    surrogate = Masked(Ratio(), ProbabilityGap(0.2))
    made = surrogate(logp, rows(*MU).log(), rows(*SIGNS), torch.ones_like(logp))
    assert made.flatten().tolist() == pytest.approx([0, -1.6, 0.4, 0, 1.2, -0.8])
    (slope,) = torch.autograd.grad(made.sum(), logp)
    assert slope.flatten().tolist() == pytest.approx([0, -1.6, 0.4, 0, 1.2, -0.8])
    assert (surrogate.bounds, surrogate.per_sequence, surrogate.reads_probabilities) == (None, False, True)
    assert Masked(ClippedRatio(), StaleFailures()).bounds == (0.8, 1.2)
    assert Masked(ClippedRatio(), StaleFailures()).per_sequence


@pytest.mark.parametrize("kind", [ProbabilityGap, BinaryKL, StaleFailures, SecondMoment])
def test_bounds_are_positive(kind: type) -> None:
    with pytest.raises(ValueError, match="must be positive, not 0"):
        kind(0.0)


def test_only_the_sign_of_an_advantage_matters() -> None:
    """0.5 to 0.8 moves 0.3 and is dropped at A of 0.01; 0.5 to 0.6 moves 0.1 and stays at A of 5."""
    assert kept(ProbabilityGap(0.2), [0.8, 0.6], [0.5, 0.5], [0.01, 5.0]) == [0, 1]
    assert kept(BinaryKL(0.1), [0.8, 0.6], [0.5, 0.5], [0.01, 5.0]) == [0, 1]

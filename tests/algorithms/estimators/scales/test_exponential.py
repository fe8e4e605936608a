"""Exponential weights by hand, and a temperature that finds the spread it is to have."""

from __future__ import annotations

from math import exp, log

import pytest
import torch

from algorithms.estimators.scales.exponential import Exponential, TopHalf
from tests.rollouts import grouped_rollout


def test_weights_are_capped() -> None:
    rollout = grouped_rollout([[0.1, -0.1, 9.0]], [[1.0] * 3], 1)
    made = Exponential(beta=0.05)(rollout.reward, rollout.reward, rollout).flatten().tolist()
    assert made == pytest.approx([exp(2), exp(-2), 20.0])


def test_the_better_half_shares_the_weight() -> None:
    """A of 3, 1, 0, -5 at eta 2: the better half has e^0 and e^-1, over their sum, times 4 rows; the rest nothing."""
    rollout = grouped_rollout([[0.0, 3.0, -5.0, 1.0]], [[1.0] * 4], 1)
    made = TopHalf(eta=2.0)(rollout.reward, rollout.reward, rollout).flatten().tolist()
    total = 1 + exp(-1)
    assert made == pytest.approx([0.0, 4 / total, 0.0, 4 * exp(-1) / total])


def test_rows_that_are_not_valid_and_ties() -> None:
    """Three rows are played, so two are the better half; those that tie with the second are taken too."""
    rollout = grouped_rollout([[1.0, 2.0], [1.0, 9.0]], [[1.0, 1.0], [1.0, 0.0]], 1)
    made = TopHalf(eta=1.0)(rollout.reward, rollout.reward, rollout)
    total = 1 + 2 * exp(-1)
    assert made.flatten().tolist() == pytest.approx([3 * exp(-1) / total, 3 / total, 3 * exp(-1) / total, 0.0])


def test_the_temperature_goes_where_the_weights_are_epsilon_nats_from_uniform() -> None:
    """Two rows with a gap of 1: KL = log 2 - H(sigmoid(1 / eta)). It rises while they are too unequal, each member alone."""
    a = torch.tensor([[1.0, 0.0, -9.0, -9.0], [4.0, 0.0, -9.0, -9.0]], dtype=torch.float64)[None]
    scale, one = TopHalf(epsilon=0.1, rate=0.5), torch.ones_like(a)
    state = {name: value.double() for name, value in scale.initial(2).items()}
    first = scale.update(a, one, state)["eta"]
    p = 1 / (1 + exp(-1))
    seen = log(2) + p * log(p) + (1 - p) * log(1 - p)
    assert float(first[0]) == pytest.approx(exp(0.5 * (seen - 0.1)))
    for _ in range(400):
        state = scale.update(a, one, state)
    eta = state["eta"]
    share = scale.with_state(state)(a, a, grouped_rollout([[0.0] * 4], [[1.0] * 4], 1)).div(4)
    kl = torch.where(share > 0, share * share.clamp(min=1e-30).log(), 0.0).sum((0, 2)) + log(2)
    assert kl.tolist() == pytest.approx([0.1, 0.1], abs=1e-4)
    assert float(eta[1] / eta[0]) == pytest.approx(4.0, rel=1e-3)  # a gap four times as wide


def test_a_member_that_did_not_play_keeps_its_temperature() -> None:
    scale, a = TopHalf(), torch.ones(1, 2, 4)
    on = a.clone()
    on[:, 1] = 0
    assert scale.update(a, on, scale.initial(2))["eta"].tolist() == pytest.approx([exp(-0.05), 1.0])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="beta above 0 and cap above 1"):
        Exponential(cap=1.0)
    with pytest.raises(ValueError, match="epsilon, eta and rate must be positive"):
        TopHalf(epsilon=0.0)


def test_a_row_after_the_end_has_no_weight() -> None:
    """exp(0) is 1: without the mask padding would be imitated."""
    rollout = grouped_rollout([[0.1], [0.0]], [[1.0], [0.0]], 1)
    made = Exponential(beta=0.1)(rollout.reward, rollout.reward, rollout).flatten().tolist()
    assert made == pytest.approx([exp(1), 0.0])

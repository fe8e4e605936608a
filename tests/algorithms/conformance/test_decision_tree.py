"""The tree MDP whose batches are listed: against numbers by hand and against autograd, not against the score function."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from algorithms.conformance.coefficients import fit_line, is_affine
from algorithms.conformance.decision_tree import DENSE, DENSE_ROOTS, SUCCESS, one_group, stratified, tree_episodes
from algorithms.conformance.synthetic_rollouts import synthetic_rollout

TREE = (((1.0, 1), (-2.0, None)), ((3.0, None), (5.0, None)))


def test_episodes_of_a_tree_by_hand() -> None:
    """Three ways: left twice, left then right, right."""
    every = tree_episodes(TREE, (0,), 0.5)
    assert every.reward.tolist() == [[1.0, 3.0], [1.0, 5.0], [-2.0, 0.0]]
    assert every.valid.tolist() == [[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]]
    assert every.returns(0.5).tolist() == [[2.5, 3.0], [3.5, 5.0], [-2.0, 0.0]]
    assert float(every.chance.sum()) == pytest.approx(1.0)
    left = float(every.chance[:2].sum())
    low = float(every.chance[0]) / left
    lower = 3 * low + 5 * (1 - low)
    assert every.value[0].tolist() == pytest.approx([left * (1 + 0.5 * lower) - 2 * (1 - left), lower, 3.0])


@pytest.mark.parametrize("gamma", [1.0, 0.9])
def test_the_gradient_is_that_of_j(gamma: float) -> None:
    """Autograd through J = mean over roots of V(root), as a function of the logits."""
    every = tree_episodes(DENSE, DENSE_ROOTS, gamma)
    logits = torch.from_numpy(np.random.default_rng(0).uniform(-0.8, 0.8, (7, 2))).requires_grad_()
    chance = logits.softmax(1)
    value: dict[int | None, torch.Tensor] = {None: torch.zeros((), dtype=torch.float64)}
    for n in reversed(range(7)):
        value[n] = sum((chance[n, a] * (r + gamma * value[to]) for a, (r, to) in enumerate(DENSE[n])), value[None])
    objective = (value[0] + value[4]) / 2
    (truth,) = torch.autograd.grad(objective, logits)
    torch.testing.assert_close(every.gradient(gamma), truth.flatten())
    assert float(every.value[0, 0]) == pytest.approx(float(value[0].detach()))
    if gamma < 1:  # without gamma^t it is another direction
        assert float((every.gradient(gamma, weighted=False) - truth.flatten()).norm()) > 0.05 * float(truth.norm())


def test_every_batch_is_listed_once() -> None:
    every = tree_episodes(DENSE, DENSE_ROOTS, 1.0)
    batches = stratified(every, 1.0, 3)
    assert len(batches.index) == 5**3 * 4**3
    assert float(batches.weight.sum()) == pytest.approx(1.0)
    assert set(batches.rollout.valid.sum(0).unique().tolist()) == {1.0, 2.0, 3.0}
    assert float(batches.rollout.reward.min()) < 0 < float(batches.rollout.reward.max())
    group = one_group(every, 1.0, 3)
    assert len(group.index) == 5**3 + 4**3
    assert float(group.weight.sum()) == pytest.approx(1.0)


def test_means_of_coefficients_by_hand() -> None:
    """REINFORCE on four arms that pay 1, 0, 1, 0: mean_i R_i grad log pi, whose mean is grad J = pi (R - J)."""
    batches = stratified(tree_episodes(SUCCESS, (0,), 1.0), 1.0, 4)
    pi = batches.every.chance
    arms = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    c = batches.rollout.reward / 4
    torch.testing.assert_close(batches.mean(c), pi * (arms - pi @ arms))
    torch.testing.assert_close(batches.weight @ batches.gradients(c), batches.mean(c))


def test_lines_by_hand() -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 7.0])
    made = fit_line(x, torch.tensor([3.0, 5.0, 7.0, 4.0]), torch.ones(4) > 0, torch.tensor([0, 0, 0, 1]))
    assert made.a.tolist() == [2.0, 0.0]
    assert made.b.tolist() == [1.0, 4.0]
    assert made.spread.tolist() == [True, False]
    assert made.residual == 0
    rollout, _ = synthetic_rollout()
    assert is_affine(rollout.reward, 3 * rollout.reward - 1, rollout)
    assert not is_affine(rollout.reward, -rollout.reward, rollout)
    assert not is_affine(rollout.reward, rollout.reward**2, rollout)

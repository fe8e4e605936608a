"""Beta distributed actions: densities, entropies, scores and divergences against torch's; what the environment is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import Beta as Theirs
from torch.distributions import kl_divergence

from algorithms import VARIANTS
from algorithms.policies.beta import EDGE, Beta
from algorithms.policies.exploration import GSDE
from algorithms.training_config import TrainingConfig
from benchmarks.design.resolve import resolve
from envs import TASKS
from envs.api import Box
from tests.builders import small_training
from tests.rollouts import make_rollout

BOX = Box((-3.0, 0.0), (1.0, 1.0))  # widths 4 and 1
OUT = torch.tensor([0.5, -1.0, 2.0, 0.0], dtype=torch.float64)  # u of both actions, v of both
OTHER = torch.tensor([-0.2, 0.3, 0.1, 1.5], dtype=torch.float64)
X = torch.tensor([0.25, 0.9], dtype=torch.float64)


def theirs(out: torch.Tensor) -> Theirs:
    shapes = 1 + torch.nn.functional.softplus(out)
    return Theirs(shapes[:2], shapes[2:])


def test_density_entropy_and_divergence_are_torchs_on_the_box() -> None:
    """The density of a = low + width x is that of x over the width: 4 times 1."""
    head = Beta(BOX)
    logp, entropy = head.log_prob_entropy(OUT, X)
    assert logp.item() == pytest.approx(theirs(OUT).log_prob(X).sum().item() - np.log(4))
    assert entropy.item() == pytest.approx(theirs(OUT).entropy().sum().item() + np.log(4))
    assert head.kl(OUT, OTHER).item() == pytest.approx(kl_divergence(theirs(OUT), theirs(OTHER)).sum().item())
    assert head.kl(OUT, OTHER).item() > 0.1


def test_the_score_is_the_gradient() -> None:
    out = OUT.clone().requires_grad_()
    (score,) = torch.autograd.grad(Beta(BOX).log_prob(out, X), out)
    assert Beta(BOX).score_norm_sq(OUT, X).item() == pytest.approx((score**2).sum().item())


def test_draws_follow_the_distribution_and_stay_inside() -> None:
    """Alpha 2 and beta 3: mean 2/5, variance 6 / (25 * 6) = 1/25, mode 1/3. Means of 40,000 draws: within 4 errors."""
    out = np.log(np.expm1(np.array([1.0, 2.0], np.float32)))
    head, draws = Beta(Box((0.0,), (1.0,))), 40_000
    noise = head.noise(np.random.default_rng(0), (draws,))
    x = head.sample(np.broadcast_to(out, (draws, 2)), noise)
    assert x.shape == (draws, 1)
    assert x.mean() == pytest.approx(0.4, abs=4 * 0.2 / draws**0.5)
    assert x.var() == pytest.approx(0.04, rel=0.03)
    assert head.mode(out).item() == pytest.approx(1 / 3, rel=1e-5)
    edges = np.array([[0.0], [np.nextafter(np.float32(1), np.float32(0))]], np.float32)
    sharp = np.array([[-30.0, 30.0], [30.0, -30.0]], np.float32)
    drawn = head.sample(sharp, edges)
    assert (drawn >= np.float32(EDGE)).all()
    assert (drawn < 1).all()
    assert torch.isfinite(head.log_prob(torch.from_numpy(sharp), torch.from_numpy(drawn))).all()
    assert np.isfinite(head.mode(np.full((1, 2), -80.0, np.float32))).all()  # alpha and beta round to 1: the middle


def test_the_environment_is_given_actions_of_its_box() -> None:
    given = Beta(BOX).to_environment(np.array([0.25, 0.5], np.float32))
    assert given.tolist() == [-2.0, 0.5]
    task, variant = TASKS["Pendulum-v1"], VARIANTS["gae_beta"]
    training = replace(small_training(task, variant), actions="beta")
    policy, rollout = make_rollout(task, variant, training, (0, 1))
    assert policy.log_std is None
    x = rollout.action
    assert x.min() > 0
    assert x.max() < 1
    with torch.no_grad():
        logp = policy.head.log_prob(policy.outputs(rollout.obs[:-1], None, len(x)), x)
    torch.testing.assert_close(logp, rollout.logp, atol=1e-5, rtol=1e-5)


def test_what_has_no_bounds_or_is_discrete_is_refused() -> None:
    variant = VARIANTS["gae_beta"]
    assert resolve(TASKS["Pendulum-v1"], variant).training.actions == "beta"
    assert variant.reason_unsupported(TASKS["Pendulum-v1"]) is None
    for name in ("CartPole-v1", "bandit/small"):
        assert variant.reason_unsupported(TASKS[name]) == "has beta actions, and this task's are discrete"
    plain: TrainingConfig = resolve(TASKS["Pendulum-v1"], variant).training
    with pytest.raises(ValueError, match="GSDE explores around the mean of a normal"):
        replace(plain, exploration=GSDE())

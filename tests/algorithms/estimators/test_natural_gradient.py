"""The natural gradient: conjugate gradients, the Fisher matrix and the trust region, against what can be written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from algorithms import VARIANTS
from algorithms.estimators.natural_gradient import Natural, conjugate_gradients, fisher_product, mean_kl, natural_step
from algorithms.estimators.rollout import Batch
from algorithms.policies.api import Memory, Net
from algorithms.policies.distributions import Categorical, Gaussian
from algorithms.policies.networks.tabular import Tabular
from algorithms.training.learner import Learner
from algorithms.training_config import Episodes
from envs import TASKS
from envs.api import Box, Discrete
from envs.text.bandit import Bandit
from envs.text_env import text_task
from tests.builders import make_learner, small_training
from tests.rollouts import make_rollout

BANDIT = text_task("one context", Bandit(arms=3, contexts=1))


def test_conjugate_gradients_solve_each_members_own_system() -> None:
    matrices = torch.tensor([[[4.0, 1.0], [1.0, 3.0]], [[2.0, 0.0], [0.0, 5.0]]], dtype=torch.float64)
    g = torch.tensor([[1.0, 2.0], [6.0, 10.0]], dtype=torch.float64)
    made = conjugate_gradients(lambda v: torch.einsum("pij,pj->pi", matrices, v), g, 2)
    assert made.flatten().tolist() == pytest.approx([1 / 11, 7 / 11, 3.0, 2.0])
    nothing = conjugate_gradients(lambda v: torch.einsum("pij,pj->pi", matrices, v), torch.zeros_like(g), 5)
    assert nothing.abs().max() == 0


def test_kls_of_heads_are_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    old, new = (torch.randn(5, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    d = torch.distributions
    theirs = d.kl_divergence(d.Categorical(logits=old), d.Categorical(logits=new))
    torch.testing.assert_close(Categorical(Discrete(4)).kl(old, new), theirs)

    def normal(out: torch.Tensor) -> torch.distributions.Distribution:
        mean, log_std = out.chunk(2, -1)
        return d.Independent(d.Normal(mean, log_std.exp()), 1)

    torch.testing.assert_close(
        Gaussian(Box((-1.0,) * 2, (1.0,) * 2)).kl(old, new), d.kl_divergence(normal(old), normal(new))
    )


def setting(low: float, update: Natural | None = None) -> tuple[Learner, Batch, torch.Tensor]:
    """A learner on a bandit's table of logits (0, 1, 0) and (0, 1, -low), its batch, and what the head reads."""
    variant = VARIANTS["npg"]
    training = replace(
        small_training(BANDIT, variant), network=Tabular(Bandit(arms=3, contexts=1)), collection=Episodes(16)
    )
    policy, rollout = make_rollout(BANDIT, variant, training, (0, 1))
    with torch.no_grad():
        policy.actor.table[:, :, 1] = 1.0  # type: ignore[attr-defined]
        policy.actor.table[1, :, 2] = -low  # type: ignore[attr-defined]
    learner = make_learner(policy, replace(variant, update=update or variant.update), training, BANDIT, 0.01)
    batch, _ = learner.prepare(rollout)
    with torch.no_grad():
        out = policy.outputs(batch.obs, batch.action_mask, len(batch.weight))
    return learner, batch, out


def test_the_fisher_matrix_of_one_softmax_is_diag_p_minus_pp() -> None:
    learner, batch, out = setting(2.0)
    width = learner.policy.actor_columns.stop
    product = fisher_product(learner.policy, batch, out, damping=0.0)
    p = out[0, :, 0].softmax(-1)  # [P, 3]
    fisher = torch.diag_embed(p) - p[:, :, None] * p[:, None]
    # the table's rows: whichever state the prompt is, its three logits, and zeros elsewhere
    for j in range(width):
        v = torch.zeros(2, width)
        v[:, j] = 1.0
        made = product(v)
        state = (j // 3) * 3
        rows = made[:, state : state + 3]
        if rows.abs().max() > 0:
            torch.testing.assert_close(rows, fisher[:, :, j % 3], rtol=1e-4, atol=1e-6)
        assert made.abs().sum() == pytest.approx(rows.abs().sum().item())


def test_a_step_moves_as_far_as_allowed_and_improves_the_surrogate() -> None:
    learner, batch, out = setting(2.0)
    before = learner.loss(batch).actor.detach()
    learner.step(batch, 1)
    with torch.no_grad():
        kl = mean_kl(learner.policy, batch, out)
        after = learner.loss(batch).actor
    assert (after < before).all()
    assert (kl <= 0.01).all()
    assert (kl > 0.004).all()  # a step shortened once has .64 of the KL


def test_a_step_that_cannot_improve_is_not_taken() -> None:
    learner, batch, _ = setting(2.0)
    flat = replace(batch, advantage=torch.zeros_like(batch.advantage))
    before = learner.policy.flat.values[:, learner.policy.actor_columns].clone()
    learner.step(flat, 1)
    assert torch.equal(before, learner.policy.flat.values[:, learner.policy.actor_columns])


def test_a_step_that_does_not_improve_the_surrogate_is_taken_back() -> None:
    """The loss of member 0 falls by 1 with any move, that of member 1 stays: 0 moves, 1 is where it was."""
    learner, batch, _ = setting(2.0)
    learner.descend(batch)
    columns = learner.policy.actor_columns
    g = -learner.policy.flat.gradient[:, columns].clone()
    start = learner.policy.flat.values[:, columns].clone()

    def loss() -> torch.Tensor:
        moved = (learner.policy.flat.values[:, columns] != start).any(1)
        return torch.tensor([-float(moved[0]), 0.0])

    natural_step(Natural(), learner.policy, batch, g, loss)
    assert not torch.equal(learner.policy.flat.values[0, columns], start[0])
    assert torch.equal(learner.policy.flat.values[1, columns], start[1])


class Steep(nn.Module):
    """A network whose outputs are multiplied by a factor."""

    def __init__(self, net: Net, factor: float) -> None:
        super().__init__()
        self.net, self.factor = net, factor

    def step(self, obs: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        out, memory = self.net.step(obs, memory)
        return self.factor * out, memory

    def forward(self, obs: torch.Tensor, positions: tuple[int, ...]) -> torch.Tensor:
        return self.factor * self.net(obs, positions)


def test_the_step_does_not_depend_on_the_parametrisation() -> None:
    """Logits twice as steep in the parameters: the policy after a natural step is the same, after a plain one it is not."""
    moved = {}
    for factor in (1.0, 3.0):
        for natural in (True, False):
            learner, batch, _ = setting(2.0, Natural(delta=0.001, damping=0.0))
            table = learner.policy.actor.table  # type: ignore[attr-defined]
            with torch.no_grad():
                table /= factor
            learner.policy.actor = Steep(learner.policy.actor, factor)
            if natural:
                learner.step(batch, 1)
            else:
                learner.descend(batch)
                with torch.no_grad():
                    learner.policy.flat.values -= 0.1 * learner.policy.flat.gradient
            with torch.no_grad():
                moved[factor, natural] = learner.policy.outputs(batch.obs, None, 1)[0, :, 0].softmax(-1)
    torch.testing.assert_close(moved[1.0, True], moved[3.0, True], rtol=1e-3, atol=1e-4)
    assert (moved[1.0, False] - moved[3.0, False]).abs().max() > 1e-2


def test_npg_learns_pendulums_shape_of_actions_too() -> None:
    """A Gaussian head: one step on Pendulum changes the policy by at most delta."""
    task, variant = TASKS["Pendulum-v1"], VARIANTS["npg"]
    training = small_training(task, variant, envs=4)
    policy, rollout = make_rollout(task, variant, training, (0, 1))
    learner = make_learner(policy, variant, training, task)
    batch, _ = learner.prepare(rollout)
    with torch.no_grad():
        old = policy.outputs(batch.obs, None, len(batch.weight))
    learner.step(batch, 1)
    with torch.no_grad():
        kl = mean_kl(policy, batch, old).numpy()
    assert np.all(kl <= 0.01)
    assert np.all(kl > 1e-4)


def test_what_makes_no_trust_region_says_why() -> None:
    with pytest.raises(ValueError, match="delta above 0"):
        Natural(delta=0.0)

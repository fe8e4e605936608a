"""Generalised state-dependent exploration: by hand, against stable-baselines3's own, and what is drawn when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3.common.distributions import StateDependentNoiseDistribution

from algorithms import VARIANTS
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.exploration import EPSILON, GSDE, ActingNoise
from algorithms.policies.networks.mlp import MLP
from algorithms.training.build import build_policy
from algorithms.training.records import Members
from benchmarks.tuning.space import parameters
from envs import TASKS
from envs.api import Box, Features, Spec
from tests.builders import small_training
from tests.rollouts import make_rollout

SPEC = Spec(Features(3), Box((-1.0, -1.0), (1.0, 1.0)), 10)


def policy_of(gsde: GSDE, members: int = 1, hidden: tuple[int, ...] = (5,)) -> ActorCritic:
    """Some way from its start, so that every number matters."""
    generators = [torch.Generator().manual_seed(p) for p in range(members)]
    policy = ActorCritic(SPEC, MLP(hidden), True, generators, exploration=gsde)
    with torch.no_grad():
        policy.flat.values += 0.4 * torch.randn(policy.flat.values.shape, generator=torch.Generator().manual_seed(9))
    return policy


def test_by_hand() -> None:
    """z = (1, 2), sigma = (.5, .1): variance 1 .25 + 4 .01 = .29; theta = sigma (1, -1): noise .5 - .2 = .3."""
    gsde = GSDE()
    z, log_sigma = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[0.5], [0.1]]]).log()
    assert gsde.log_std(z, log_sigma).exp().item() ** 2 == pytest.approx(0.29 + EPSILON)
    drawn = torch.tensor([1.0, -1.0]).view(1, 1, 2, 1)
    assert gsde.deviation(z, log_sigma, drawn).item() == pytest.approx(0.3)
    assert gsde.parameter(3, 4, 2).shape == (3, 4, 2)
    assert GSDE(full_std=False).parameter(3, 4, 2).shape == (3, 4, 1)
    assert (GSDE(-1.5).parameter(3, 4, 2) == -1.5).all()


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("learn", [True, False])
def test_numbers_and_gradients_are_stable_baselines3s(full: bool, learn: bool) -> None:
    policy = policy_of(GSDE(full_std=full, learn_features=learn))
    generator = torch.Generator().manual_seed(1)
    obs, action = torch.randn(1, 1, 7, 3, generator=generator), torch.randn(1, 1, 7, 2, generator=generator)
    net = policy.actor
    theirs = StateDependentNoiseDistribution(2, full_std=full, learn_features=learn)
    theirs.proba_distribution_net(5)
    z = net.hidden(obs[0])[0]  # type: ignore[attr-defined]
    theirs.proba_distribution(net.readout(z[None])[0], policy.log_std[0], z)  # type: ignore[attr-defined, index]
    logp, entropy = policy.head.log_prob_entropy(policy.outputs(obs, None, 1), action)
    torch.testing.assert_close(logp[0, 0], theirs.log_prob(action[0, 0]))
    torch.testing.assert_close(entropy[0, 0], theirs.entropy())
    std = policy.outputs(obs, None, 1)[0, 0, :, 2:].exp()
    torch.testing.assert_close(std, theirs.distribution.stddev)
    weights = torch.randn(7, generator=generator)
    parts = [*net.parameters(), policy.log_std]
    ours = torch.autograd.grad((weights * logp[0, 0]).sum() + entropy.sum(), parts)
    other = torch.autograd.grad((weights * theirs.log_prob(action[0, 0])).sum() + theirs.entropy().sum(), parts)  # type: ignore[union-attr]
    for mine, peer in zip(ours, other, strict=True):
        torch.testing.assert_close(mine, peer, rtol=1e-4, atol=1e-5)
    # the mean moves the first layer; the entropy alone does not, unless features are learned
    _, alone = policy.head.log_prob_entropy(policy.outputs(obs, None, 1), action)
    (first,) = torch.autograd.grad(alone.sum(), [parts[0]], allow_unused=True)
    assert (first is not None and bool(first.abs().max() > 0)) is learn


def test_the_action_is_stable_baselines3s_for_the_same_matrices() -> None:
    policy = policy_of(GSDE())
    generator = torch.Generator().manual_seed(2)
    obs, drawn = torch.randn(1, 6, 3, generator=generator), torch.randn(1, 6, 5, 2, generator=generator)
    theirs = StateDependentNoiseDistribution(2)
    theirs.proba_distribution_net(5)
    with torch.no_grad():
        z = policy.actor.hidden(obs)[0]  # type: ignore[attr-defined]
        mean = policy.actor.readout(z[None])[0]  # type: ignore[attr-defined]
        theirs.proba_distribution(mean, policy.log_std[0], z)  # type: ignore[index]
        theirs.exploration_matrices = policy.log_std[0].exp() * drawn[0]  # type: ignore[index]
        _, action, _ = policy.choose(obs, None, None, drawn.numpy())
        _, mode, _ = policy.choose(obs, None, None, None)
    np.testing.assert_allclose(action[0], theirs.sample(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(mode[0], mean, rtol=1e-6)


def test_over_matrices_the_noise_has_the_variance_that_is_learned_from() -> None:
    policy, n = policy_of(GSDE()), 20_000
    obs = torch.tensor([0.3, -1.0, 0.8]).expand(1, n, 3)
    drawn = policy.noise(np.random.default_rng(0), (1, n))
    with torch.no_grad():
        out, action, _ = policy.choose(obs, None, None, drawn)
    ratio = torch.from_numpy(action[0]).var(0) / (2 * out[0, 0, 2:]).exp()
    assert ratio.tolist() == pytest.approx([1, 1], abs=4 * (2 / n) ** 0.5)


@pytest.mark.parametrize(
    ("sample_freq", "draws"), [(-1, [1] * 7), (3, [1, 1, 1, 2, 2, 2, 3]), (1, [1, 2, 3, 4, 5, 6, 7])]
)
def test_a_matrix_lasts_as_long_as_declared_and_a_rollout_starts_with_a_new_one(
    sample_freq: int, draws: list[int]
) -> None:
    """Two members, of whom the second stops after two steps: the first is none the wiser."""
    policy = policy_of(GSDE(sample_freq=sample_freq), members=2)
    seen = []
    for others in (True, False):
        noise = ActingNoise(policy, [np.random.default_rng(0), np.random.default_rng(1)], 2)
        rows = []
        for _ in range(2):
            noise.start()
            rows += [noise.next(np.array([[True, False], [others and t < 2, False]]))[0].copy() for t in range(7)]
        seen.append(np.stack(rows))
    assert seen[0].shape == (14, 2, 5, 2)
    assert np.array_equal(seen[0], seen[1])
    found = [row.tobytes() for row in seen[0]]
    counts = [[len(set(half[: t + 1])) for t in range(7)] for half in (found[:7], found[7:])]
    assert counts == [draws, draws]
    assert not set(found[:7]) & set(found[7:])
    assert not np.array_equal(seen[0][0, 0], seen[0][0, 1])  # each environment its own


@pytest.mark.parametrize("variant", ["a2c", "gae"])
def test_what_is_recorded_is_what_learning_computes(variant: str) -> None:
    task, made = TASKS["Pendulum-v1"], VARIANTS[variant]
    training = replace(small_training(task, made, 4), exploration=GSDE(-1.0, 4))
    policy, rollout = make_rollout(task, made, training, (0, 1))
    with torch.no_grad():
        logp = policy.head.log_prob(policy.outputs(rollout.obs[:-1], None, len(rollout.logp)), rollout.action)
    torch.testing.assert_close(logp, rollout.logp, atol=1e-5, rtol=1e-5)


def test_each_member_starts_at_its_own_deviation() -> None:
    from algorithms.tunable import per_member

    task, variant = TASKS["Pendulum-v1"], VARIANTS["gae"]
    training = replace(small_training(task, variant, 4), exploration=GSDE())
    found = {p.path for p in parameters(variant, training, task.spec)}
    assert {"training.exploration.initial_log_std", "training.exploration.sample_freq"} <= found
    assert "training.initial_log_std" not in found
    _, several = per_member(variant, training, [("training.exploration.initial_log_std", (-3.0, 0.5))])
    policy = build_policy(task, variant, several, Members((0, 1), (0.1, 0.1)))
    assert policy.log_std is not None
    assert policy.log_std.amin((1, 2)).tolist() == policy.log_std.amax((1, 2)).tolist() == [-3.0, 0.5]


@pytest.mark.parametrize("freq", [0, -2])
def test_a_matrix_lasts_a_step_at_least(freq: int) -> None:
    with pytest.raises(ValueError, match="sample_freq must be -1"):
        GSDE(sample_freq=freq)

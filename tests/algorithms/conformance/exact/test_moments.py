"""Exact moments by enumeration, against samples and against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.conformance import gradient_quality
from algorithms.conformance.exact.moments import (
    EnumeratedEpisodes,
    enumerate_scores,
    kl_error,
    reinforce_variance,
    rloo_variance,
)
from algorithms.estimators.credit import LambdaReturn
from algorithms.estimators.kl_penalty import KL
from algorithms.policies.networks.gru import GRU
from algorithms.training_config import Episodes, TrainingConfig
from envs.text.bandit import Bandit
from envs.text.lexicon import Lexicon
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.text_env import text_task

TRAINING = TrainingConfig(network=GRU(4), collection=Episodes(4, 4))
SOFT = text_task("soft", Lexicon(words=3, length=3, topics=2, beta=1.0))

# one prompt, two episodes: R = 1, 3 with S = +1, -1, each with probability 1/2
COIN = EnumeratedEpisodes(
    torch.tensor([0.5, 0.5]).double(),
    torch.tensor([1.0, 3.0]).double(),
    torch.tensor([[1.0], [-1.0]]).double(),
    torch.tensor([0, 0]),
)


def test_variances_of_a_coin_by_hand() -> None:
    """R S = 1, -3: mean -1, variance 4, over k. RLOO of 2: h = -2 or 0 with equal chances: variance 1."""
    assert reinforce_variance(COIN, 1) == pytest.approx(4.0)
    assert reinforce_variance(COIN, 4) == pytest.approx(1.0)
    assert rloo_variance(COIN, 2) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="at least 2 episodes"):
        rloo_variance(COIN, 1)


def test_prompts_add_the_variance_of_their_means() -> None:
    """A second prompt, as likely, that pays nothing: half the variance within, and means -1 and 0 vary by 1/4."""
    two = EnumeratedEpisodes(
        torch.full((4,), 0.25).double(),
        torch.tensor([1.0, 3.0, 0.0, 0.0]).double(),
        torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]).double(),
        torch.tensor([0, 0, 1, 1]),
    )
    assert reinforce_variance(two, 1) == pytest.approx(4.0 / 2 + 0.25)
    assert rloo_variance(two, 2) == pytest.approx(1.0 / 2 + 0.25)


LOCK, COPY = Lock(length=2, vocabulary=4, locks=2), Transduce(symbols=3, length=2)


@pytest.mark.parametrize(
    "mdp", [LOCK, COPY, replace(COPY, reward_mode="exact")], ids=["lock", "copy dense", "copy exact"]
)
def test_exact_variances_are_those_of_samples(mdp: Lock | Transduce) -> None:
    """4 episodes of one prompt, 3,000 replicates; and where the reward is sparse RLOO has the larger one."""
    task = text_task("task", mdp)
    actor = gradient_quality.gaussian_parameters(task, TRAINING, 0.5)
    every, truth = enumerate_scores(task, TRAINING, actor), gradient_quality.exact_gradient(task, TRAINING, actor)
    assert every.chance.sum().item() == pytest.approx(1.0, abs=1e-5)
    mean = torch.einsum("i,i,id->d", every.chance, every.returns, every.scores)
    torch.testing.assert_close(mean, truth, atol=1e-5, rtol=1e-3)
    for name, expected in (("reinforce", reinforce_variance(every, 4)), ("rloo", rloo_variance(every, 4))):
        samples = gradient_quality.replicates(task, VARIANTS[name], TRAINING, actor, 3_000)
        assert gradient_quality.quality(samples, truth).variance == pytest.approx(expected, rel=0.12), name
    dense = isinstance(mdp, Transduce) and mdp.reward_mode == "dense"
    assert (rloo_variance(every, 4) < reinforce_variance(every, 4)) is dense


@pytest.mark.parametrize("noise", [0.2, 1.5])
def test_where_a_kl_stands_matters_more_than_which(noise: float) -> None:
    """k1 in the reward and k2 of the text in the loss are right, k1 in the loss does nothing, the others are between."""
    actor = gradient_quality.gaussian_parameters(SOFT, TRAINING, noise, seed=1)

    def error(*which: str) -> float:
        return kl_error(SOFT, TRAINING, actor, KL(*which))  # type: ignore[arg-type]

    assert error("k1", "reward") == pytest.approx(0.0, abs=1e-4)
    assert error("k2", "loss", "sequence") == pytest.approx(0.0, abs=1e-4)
    assert error("k1", "loss") == pytest.approx(1.0, abs=1e-4)
    for which in (("k2", "loss"), ("k3", "loss")):
        assert 0.05 < error(*which) < 0.95
    assert error("k3", "reward") > 0.3
    with pytest.raises(ValueError, match="no reference policy"):
        kl_error(text_task("copy", Transduce(symbols=3, length=2)), TRAINING, actor, KL())


def test_the_expected_gradient_of_a_placement_is_what_the_learner_makes() -> None:
    """k3 in the loss: the exact error equals that of 3,000 sampled gradients of the KL's part."""
    free = replace(SOFT, factory=replace(SOFT.factory, beta=0.0), beta=0.0)  # type: ignore[type-var]
    actor, kl = gradient_quality.gaussian_parameters(SOFT, TRAINING, 0.7, seed=1), KL("k3", "loss")
    truth = gradient_quality.exact_gradient(SOFT, TRAINING, actor) - gradient_quality.exact_gradient(
        free, TRAINING, actor
    )
    base = VARIANTS["reinforce"]
    ours = replace(base, estimator=replace(base.estimator, kl=kl))
    part = gradient_quality.replicates(SOFT, ours, TRAINING, actor, 3_000)
    part = part - gradient_quality.replicates(free, base, TRAINING, actor, 3_000)
    measured = (part.mean(0) - truth).norm() / truth.norm()
    assert measured.item() == pytest.approx(kl_error(SOFT, TRAINING, actor, kl), abs=0.05)


def test_a_fitted_critic_explains_more_and_leaves_the_actor_alone() -> None:
    """Bias of TD(0) shrinks as the critic learns: 200 rollouts against none."""
    task = text_task("copy", Transduce(symbols=3, length=3))
    training = replace(TRAINING, network=GRU(6), collection=Episodes(16, 4), learning_rate=0.01)
    gae = VARIANTS["gae"]
    td = replace(gae, estimator=replace(gae.estimator, credit=LambdaReturn(0.0)))
    actor = gradient_quality.gaussian_parameters(task, training, 0.5)
    truth = gradient_quality.exact_gradient(task, training, actor)
    bias = {}
    for rollouts in (0, 200):
        critic = gradient_quality.fitted_critic(task, td, training, actor, rollouts)
        samples = gradient_quality.replicates(task, td, training, actor, 1_000, critic=critic)
        bias[rollouts] = gradient_quality.quality(samples, truth).bias
    assert bias[200] < 0.5 * bias[0]


def test_ascent_climbs() -> None:
    task = text_task("copy", Transduce(symbols=3, length=2))
    training = replace(TRAINING, learning_rate=0.01)
    values = [
        gradient_quality.exact_return(task, training, gradient_quality.exact_ascent(task, training, updates))
        for updates in (0, 50, 200)
    ]
    assert values[0] < values[1] < values[2]


def test_rewards_by_chance_have_no_listed_variance() -> None:
    actor = torch.zeros(1)
    for mdp in (Bandit(arms=2, contexts=1), Transduce(symbols=3, length=2, reward_noise=0.5)):
        with pytest.raises(ValueError, match="pays by chance"):
            enumerate_scores(text_task("coins", mdp), TRAINING, actor)

"""Exact moments where another policy acted, against numbers by hand and against samples of all corrections."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.conformance import gradient_quality as laboratory
from algorithms.conformance.exact import drift
from algorithms.conformance.exact.moments import enumerate_scores, rloo_variance
from algorithms.conformance.exact.off_policy import Moments, exact_moments, exact_quality, list_episodes
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.networks.gru import GRU
from algorithms.training.collector import Collector
from algorithms.training.learner import Learner
from algorithms.training.observation_normaliser import Identity
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.experiments.trust_regions import CORRECTIONS
from envs.text.bandit import Bandit
from envs.text.lock import Lock
from envs.text_env import text_task

TASK = text_task("lock", Lock(length=2, vocabulary=4, locks=1))
COIN = text_task("coin", Bandit(arms=2, contexts=1, best=0.9, gap=0.4, skew=0.0))
TRAINING = TrainingConfig(network=GRU(3), collection=Episodes(2, 2), learning_rate=0.05)
DRIFT = 0.3
COUNT = 1_000
MU = laboratory.gaussian_parameters(TASK, TRAINING, 0.5)
PI = drift.drifted(TASK, TRAINING, MU, DRIFT)
LISTING = list_episodes(TASK, TRAINING, MU, PI)


def moments(name: str) -> Moments:
    return exact_moments(CORRECTIONS[name].estimator, LISTING, TRAINING, TASK.spec.horizon)


def test_the_path_leads_to_the_wanted_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drift.divergence(TASK, TRAINING, MU, PI) == pytest.approx(DRIFT, abs=1e-5)
    assert drift.divergence(TASK, TRAINING, MU, drift.drifted(TASK, TRAINING, MU, 0.0)) == 0
    monkeypatch.setattr(drift, "STEPS", 3)
    with pytest.raises(ValueError, match="3 steps of exact ascent on lock do not lead 9 nats away"):
        drift.drifted(TASK, TRAINING, MU, 9.0)


@pytest.fixture(scope="module")
def sampled() -> tuple[Rollout, ActorCritic]:
    """Groups that mu has played, one for each member, and as many learners at pi."""
    seeds, plain = tuple(range(COUNT)), CORRECTIONS["uncorrected"]
    acting, learning = (laboratory.equal_policies(TASK, plain, TRAINING, actor, seeds, None) for actor in (MU, PI))
    members = laboratory.replicate_members(seeds)
    collector = Collector(TASK, acting, plain.estimator, TRAINING, Identity(), members, (0,))
    rollout, _ = collector.collect(np.ones(COUNT, np.bool_))
    collector.close()
    return rollout, learning


def learned(name: str, sampled: tuple[Rollout, ActorCritic]) -> torch.Tensor:
    """The gradients of the learners [COUNT, D]."""
    rollout, policy = sampled
    learner = Learner(policy, CORRECTIONS[name].estimator, Schedule(), TRAINING, torch.ones(COUNT), TASK)
    return learner.gradient(rollout)[:, : len(MU)].double()


@pytest.mark.parametrize("name", CORRECTIONS)
def test_moments_agree_with_samples(name: str, sampled: tuple[Rollout, ActorCritic]) -> None:
    """Through sampler, network and learner: the bias, five directions and the cosine, within 4 standard errors."""
    exact, samples = moments(name), learned(name, sampled)
    random = torch.randn(samples.shape[1], 3, generator=torch.Generator().manual_seed(0)).double()
    directions = torch.cat([LISTING.gradient[:, None], (exact.mean - LISTING.gradient)[:, None], random], 1)
    along = samples @ directions
    off = (along.mean(0) - exact.mean @ directions).abs()
    assert float((off / (along.std(0) / COUNT**0.5).clamp(min=1e-9)).max()) < 4
    cosines = torch.nn.functional.cosine_similarity(samples, LISTING.gradient[None], dim=1)
    assert abs(float(cosines.mean()) - exact.cosine) < 4 * float(cosines.std()) / COUNT**0.5


@pytest.mark.parametrize("name", ["uncorrected", "PPO clip", "M2PO", "Delightful"])
def test_variances_agree_with_samples(name: str, sampled: tuple[Rollout, ActorCritic]) -> None:
    """Of corrections without large weights: the sampled error of a square says little where one text in a thousand rules."""
    exact = moments(name)
    squares = (learned(name, sampled) - exact.mean).square().sum(1)
    assert abs(float(squares.mean()) - exact.variance) < 4 * float(squares.std()) / COUNT**0.5


def test_replicates_are_played_by_the_other_policy() -> None:
    variant = CORRECTIONS["uncorrected"]
    exact = moments("uncorrected")
    samples = laboratory.replicates(TASK, variant, TRAINING, PI, 300, behaviour=MU)
    assert float((samples.mean(0) - exact.mean).norm()) < 3 * (exact.variance / 300) ** 0.5
    assert float((samples.mean(0) - laboratory.replicates(TASK, variant, TRAINING, PI, 300).mean(0)).norm()) > 0


def test_on_policy_all_but_the_gate_are_rloo_and_unbiased() -> None:
    listing = list_episodes(TASK, TRAINING, MU, MU)
    known = rloo_variance(enumerate_scores(TASK, TRAINING, MU), 2)
    for name, variant in CORRECTIONS.items():
        found = exact_moments(variant.estimator, listing, TRAINING, TASK.spec.horizon)
        quality = exact_quality(found, listing.gradient)
        if name == "Delightful":
            assert quality.cosine < 0.999
            continue
        assert quality.bias < 1e-5 * float(listing.gradient.norm())
        assert found.variance == pytest.approx(known, rel=1e-5)


def test_only_the_texts_ratio_is_unbiased_off_policy() -> None:
    norm = float(LISTING.gradient.norm())
    off = {name: float((moments(name).mean - LISTING.gradient).norm()) / norm for name in CORRECTIONS}
    assert [name for name, bias in off.items() if bias < 1e-4] == ["sequence IS"]


def test_a_reward_by_chance_is_two_episodes() -> None:
    """Two arms that pay 1 with .9 and .5: at pi = 1/2, grad J is (.9 - .5) / 4 times that of the difference of logits."""
    flat = laboratory.gaussian_parameters(COIN, TRAINING, 0.0)
    listing = list_episodes(COIN, TRAINING, flat, flat)
    (start,) = listing.starts
    torch.testing.assert_close(start.chance.sort().values, torch.tensor([0.05, 0.25, 0.25, 0.45]).double())
    found = exact_moments(VARIANTS["rloo"].estimator, listing, TRAINING, 1)
    difference = listing.scores[0] - listing.scores[1]
    torch.testing.assert_close(found.mean.abs(), 0.25 * (0.9 - 0.5) * difference.abs(), rtol=1e-5, atol=1e-8)


def test_what_cannot_be_listed_says_why() -> None:
    with pytest.raises(ValueError, match="one group"):
        exact_moments(VARIANTS["rloo"].estimator, LISTING, replace(TRAINING, collection=Episodes(4, 2)), 2)
    with pytest.raises(ValueError, match="has a critic"):
        exact_moments(VARIANTS["gae"].estimator, LISTING, TRAINING, 2)
    noisy = text_task("noisy", Lock(length=2, vocabulary=4, locks=1, reward_noise=1.0))
    with pytest.raises(ValueError, match="Gaussian noise"):
        list_episodes(noisy, TRAINING, MU, PI)
    with pytest.raises(ValueError, match="groups of 9"):
        exact_moments(VARIANTS["rloo"].estimator, LISTING, replace(TRAINING, collection=Episodes(99, 99)), 2)

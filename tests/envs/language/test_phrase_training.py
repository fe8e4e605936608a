"""Adapters trained on phrase rise from J of the reference to J*_beta; evaluation by play agrees with the exact one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.networks.adapters import Adapters
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Record
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training.returns.sampled_return import PolicyEvaluation
from algorithms.training.run import train
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Task
from envs.language.tasks.phrase import Phrase, phrase_task
from envs.seeding import Purpose
from tests.builders import make_policy, make_run, records_of
from tests.envs.language.tiny_phrases import StubJudge, tiny

TRAINING = TrainingConfig(Adapters(rank=2), collection=Episodes(envs=16, group=4), learning_rate=3e-2, segment=20)


@cache
def task() -> Task:
    """Two prompts, three words, two of them: 18 texts."""
    words = ("good", "bad", "the")
    return phrase_task("phrase/test", tiny(), StubJudge(tiny(1)), words, length=2, beta=0.2)


def trained(variant: str, env_steps: int) -> list[Record]:
    return records_of(train(make_run(task(), VARIANTS[variant], TRAINING, env_steps, seeds=(0, 1))))


def test_training_starts_at_the_reference() -> None:
    policy = make_policy(task(), VARIANTS["rloo"], TRAINING, (0, 1))
    scores = ExactReturn(task()).scores(policy)
    np.testing.assert_allclose(scores.value, task().floor, atol=1e-6)
    np.testing.assert_allclose(scores.measures["kl"], 0, atol=1e-6)


def test_play_measures_the_kl_and_the_return_that_listing_finds() -> None:
    policy = make_policy(task(), VARIANTS["rloo"], TRAINING, (0, 1))
    policy.flat.values.normal_(std=0.3, generator=torch.Generator().manual_seed(0))
    exact = ExactReturn(task()).scores(policy)
    assert (exact.measures["kl"] > 0.2).all()
    found = PolicyEvaluation(policy, Identity(), (0, 1), Purpose.TEST, (0, 0)).scores(task(), 4_000, greedy=False)
    np.testing.assert_allclose(found.measures["kl"], exact.measures["kl"], rtol=0.1)
    np.testing.assert_allclose(found.value, exact.value, atol=0.05)
    np.testing.assert_allclose(found.measures["gold"], exact.measures["gold"], atol=0.1)


def test_a_reference_of_another_model_is_another_return() -> None:
    policy = make_policy(task(), VARIANTS["rloo"], TRAINING, (0,))
    mdp = task().factory
    assert isinstance(mdp, Phrase)
    wrong = replace(task(), factory=replace(mdp, model=tiny(2)), views=())
    found = ExactReturn(wrong).scores(policy)
    assert (found.measures["kl"] > 0.1).all()  # the policy's own model is at no distance


@pytest.mark.parametrize(("variant", "env_steps", "least"), [("exact_pg", 3_000, 0.99), ("rloo", 2_400, 0.9)])
def test_j_rises_to_j_star(variant: str, env_steps: int, least: float) -> None:
    records = trained(variant, env_steps)
    floor, ceiling = task().floor, task().ceiling
    assert floor is not None
    assert ceiling is not None
    last = max(record.checkpoint for record in records)
    for record in records:
        score = (record.eval_return - floor) / (ceiling - floor)
        assert score > least if record.checkpoint == last else score < 1 + 1e-6

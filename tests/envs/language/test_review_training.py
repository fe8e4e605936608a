"""Natural texts in training: the end is learned from, ratios are 1 at first, finished texts are left out, runs resume."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.loss import log_probabilities
from algorithms.policies import behaviour, many_actions
from algorithms.policies.networks.adapters import Adapters, AdaptersNet
from algorithms.training.observation_normaliser import Identity
from algorithms.training.returns.sampled_return import PolicyEvaluation
from algorithms.training.run import Run, train
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Task
from envs.language.tasks.review import review_task
from envs.seeding import Purpose
from tests.builders import brief, gradient_of, make_policy, make_run, records_of, resumed, without_clock
from tests.envs.language.tiny_phrases import tiny
from tests.envs.language.tiny_reviews import SEEDS, StubGold, adapters, review, reward_model
from tests.rollouts import make_rollout

TRAINING = TrainingConfig(Adapters(rank=2), collection=Episodes(envs=8, group=4), learning_rate=3e-2, segment=3)


@cache
def task(**knobs: Any) -> Task:
    settings: dict[str, Any] = {"reward_model": reward_model(), "longest": 6, "beta": 0.1} | knobs
    return review_task("review/test", tiny(), StubGold(tiny(1)), review().openings, **settings)


@pytest.fixture(params=[False, True], ids=["few", "many"])
def few_or_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(many_actions, "MANY_ACTIONS", 3)
        monkeypatch.setattr(many_actions, "NUMBERS_TOGETHER", 7 * 15)


def wild(variant: str, seed: int = 0) -> Any:
    """Policies far from the reference."""
    policy = make_policy(task(), VARIANTS[variant], TRAINING, SEEDS)
    policy.flat.values.normal_(std=0.2, generator=torch.Generator().manual_seed(seed))
    return policy


@pytest.mark.usefixtures("few_or_many")
def test_log_probabilities_at_acting_are_those_at_learning() -> None:
    policy, rollout = make_rollout(task(), VARIANTS["rloo"], TRAINING, SEEDS, wild("rloo"))
    length = rollout.valid.sum(0)
    assert length.min() < length.max()
    again = log_probabilities(policy, rollout)
    torch.testing.assert_close(again * rollout.valid, rollout.logp * rollout.valid, atol=2e-5, rtol=1e-4)
    warm = log_probabilities(policy, replace(rollout, obs=rollout.obs)) / 0.7  # another temperature is another ratio
    assert float(((warm - rollout.logp) * rollout.valid).abs().max()) > 0.1


@pytest.mark.usefixtures("few_or_many")
def test_the_end_is_an_action_that_is_learned_from() -> None:
    variant, training = VARIANTS["rloo"], replace(TRAINING, max_grad_norm=float("inf"))
    policy, rollout = make_rollout(task(), variant, training, SEEDS, wild("rloo"))
    end = (rollout.action == 0) & (rollout.valid > 0)  # [T, P, N]
    assert 0 < end.sum() < end[0].numel()
    assert torch.equal((rollout.obs[3:] == 1), end)  # and it is written

    def by_hand(rows: torch.Tensor) -> torch.Tensor:
        """grad of mean_i (R_i - mean of the group's others) sum_t log pi(a_t | s_t) over these rows."""
        reference, reward = rollout.reference, rollout.reward
        assert reference is not None
        returns = ((reward - 0.1 * (rollout.logp - reference)) * rollout.valid).sum(0).view(2, 2, 4)
        advantage = (returns - (returns.sum(-1, keepdim=True) - returns) / 3).view(2, 8)
        out = policy.outputs(rollout.obs, None, len(rollout.action)).log_softmax(-1)
        logp = out.gather(-1, rollout.action[..., None])[..., 0]
        total = (advantage * (logp * rows).sum(0) / 8).sum()
        return torch.cat([g.reshape(2, -1) for g in torch.autograd.grad(total, list(policy.parameters()))], 1)

    found = gradient_of(task(), variant, training, rollout, policy)
    whole, without = by_hand(rollout.valid), by_hand(rollout.valid * ~end)
    torch.testing.assert_close(-found.to(whole), whole, rtol=1e-3, atol=1e-5)
    assert float((without - whole).abs().max()) > 0.02 * float(whole.abs().max())


@pytest.mark.usefixtures("few_or_many")
def test_leaving_finished_texts_out_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[tuple[int, ...]] = []
    step = AdaptersNet.step

    def counted(net: AdaptersNet, obs: torch.Tensor, memory: Any) -> Any:
        shapes.append(tuple(obs.shape[1:]))
        return step(net, obs, memory)

    monkeypatch.setattr(AdaptersNet, "step", counted)
    _, fewer = make_rollout(task(longest=30), VARIANTS["gae"], TRAINING, SEEDS, wild("gae", 1))
    assert len(set(shapes)) > 2
    assert shapes[-1] < shapes[0]
    monkeypatch.setattr(behaviour, "SMALLER", -1.0)
    shapes.clear()
    _, whole = make_rollout(task(longest=30), VARIANTS["gae"], TRAINING, SEEDS, wild("gae", 1))
    assert len(set(shapes)) == 1
    assert torch.equal(fewer.obs, whole.obs)
    assert torch.equal(fewer.valid, whole.valid)
    torch.testing.assert_close(fewer.logp * fewer.valid, whole.logp * whole.valid, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(fewer.reward, whole.reward, atol=1e-4, rtol=1e-4)


def test_an_evaluation_measures_the_texts_of_its_return() -> None:
    own = task(reference_adapters=adapters(1))
    training = replace(TRAINING, network=Adapters(rank=2, start=adapters(1)))
    run = make_run(own, VARIANTS["rloo"], training, 1, SEEDS)
    scores = PolicyEvaluation(run.policy, Identity(), SEEDS, Purpose.TRAIN, (0, 0)).scores(own, 40, greedy=False)
    assert {"kl", "entropy", "length", "reward", "gold", "sentiment", "distinct_2", "cut"} <= scores.measures.keys()
    np.testing.assert_allclose(scores.measures["kl"], 0, atol=1e-4)  # training starts at each member's own reference
    np.testing.assert_allclose(scores.value, scores.measures["reward"], atol=1e-4)
    assert (scores.measures["length"] <= 6).all()
    assert (scores.measures["cut"] > 0).all()
    assert (scores.measures["cut"] < 1).all()
    assert (scores.measures["distinct_2"] < 1).all()
    other = task(reference_adapters=adapters(2))
    found = PolicyEvaluation(run.policy, Identity(), SEEDS, Purpose.TRAIN, (0, 0)).scores(other, 40, greedy=False)
    assert (found.measures["kl"] > 0.05).all()  # the KL to another policy


@pytest.mark.parametrize("name", ["rloo", "gae"])
def test_runs_repeat_and_resume_bit_for_bit(name: str, tmp_path: Path) -> None:
    def made() -> Run:
        return make_run(task(), brief(VARIANTS[name]), TRAINING, 250, SEEDS)

    first = [without_clock(record) for record in records_of(train(made()))]
    _, again = resumed(made, tmp_path / "state")
    assert [without_clock(record) for record in again] == first


def test_groups_without_variance_are_counted() -> None:
    equal = task(reward_model=None, judge="gold", cut_reward=0.0, longest=1)
    run = make_run(equal, VARIANTS["rloo"], TRAINING, 100, SEEDS)
    records = records_of(train(run))
    assert all(0 < record.measures["equal_groups"] <= 1 for record in records if record.checkpoint)


def test_lengths_of_texts_with_an_end_and_of_cut_ones() -> None:
    """Where the optimum is unknown, a text is right if it has an end."""
    records = records_of(train(make_run(task(), VARIANTS["rloo"], TRAINING, 100, SEEDS)))
    later = [record.measures for record in records if record.checkpoint]
    assert all(found["length_wrong"] == 6 for found in later)
    assert all(1 <= found["length_right"] <= 6 for found in later)
    assert any(found["length_right"] < 5 for found in later)


def test_samples_are_scored() -> None:
    records = records_of(train(make_run(task(), VARIANTS["rloo"], TRAINING, 300, SEEDS)))
    before, after = (record for record in records if record.text_scores)
    assert (before.seed, before.checkpoint, before.fraction, after.fraction) == (SEEDS[0], 0, 0.0, 1.0)
    assert [text.split(" | ")[0] for text in before.texts] == [text.split(" | ")[0] for text in after.texts]
    np.testing.assert_allclose([scores["kl"] for scores in before.text_scores], 0, atol=1e-5)
    assert all(abs(scores["kl"]) > 1e-3 for scores in after.text_scores)
    for record in (before, after):
        for text, scores in zip(record.texts, record.text_scores, strict=True):
            gold = sum({"good": 1.0, "fine": 0.5, "bad": -1.0}.get(word, 0.0) for word in text.split())
            assert scores["sentiment"] == gold
            assert {"reward", "gold", "cut"} <= scores.keys()

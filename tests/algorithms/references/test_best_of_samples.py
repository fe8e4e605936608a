"""The best of n samples by what is paid, from samples whose rewards and gold are known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from algorithms.policies.networks.mlp import MLP
from algorithms.references.best_of_samples import BestOfSamples, judged_samples
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, Record
from algorithms.training_config import TrainingConfig
from benchmarks.design.cell import Cell
from envs import TASKS
from envs.api import Task
from envs.language.tasks.review import Review, review_task
from tests.envs.language.tiny_phrases import tiny
from tests.envs.language.tiny_reviews import SEEDS, StubGold, StubReward, adapters, ids, review, samples


@pytest.fixture
def task(tmp_path: Path) -> Iterator[Task]:
    """Samples "good <end>", of 2 tokens, and "bad bad", cut, on prompts of 3 and 2 words; what pays is reckoned anew."""
    file = samples(np.zeros((2, 2, 2)).tolist(), tmp_path)
    judged_samples.cache_clear()
    yield review_task("review/test", tiny(), StubGold(tiny(1)), review().openings, longest=4, samples=file, beta=0.1,
                      reward_model=StubReward(tiny(), adapters()))  # fmt: skip
    judged_samples.cache_clear()


def records(task: Task, n: int) -> list[Record]:
    found = BestOfSamples(name="b", summary="s", n=n)
    plan = Cell(task, found, TrainingConfig(MLP((4,))), Members(SEEDS, (1.0, 1.0)), 0, Evaluation())
    made = [e for e in found.train(plan) if isinstance(e, Record)]
    assert [r.seed for r in made] == list(SEEDS)
    return made


def test_one_sample_is_the_reference_policy(task: Task) -> None:
    for record in records(task, 1):
        assert record.measures["kl"] == 0
        assert record.measures["gold"] == pytest.approx((1 - 2.5) / 2)  # good; bad bad, and a half for the cut
        assert record.measures["cut"] == 0.5
        assert record.measures["length"] == 2
        assert "agreement" in record.measures
        # its own reward model's: 5 and 4 tokens with the prompt, and the last token
        last = (*ids("<end>"), *ids("bad"))
        assert record.measures["reward"] == pytest.approx(4.5 * record.seed + 0.1 * sum(last) / 2)
        assert record.eval_return == pytest.approx(record.measures["reward"])


def test_the_best_of_two_is_the_one_that_pays_more(task: Task) -> None:
    """A seed's reward is seed x tokens + .1 of the last token: both samples have as many, so the last word decides."""
    for record in records(task, 2):
        mdp = task.factory
        assert isinstance(mdp, Review)
        found = judged_samples(mdp, record.seed, "cpu")
        assert mdp.samples_each == 2
        reward = found["reward"].reshape(2, 2)
        best = reward.argmax(1)
        assert set(best.tolist()) <= {0, 1}
        gold = found["gold"].reshape(2, 2)[[0, 1], best]
        assert record.measures["gold"] == pytest.approx(gold.mean())
        assert record.measures["gold"] == pytest.approx(1.0 if best[0] == 0 else -2.5)
        assert record.measures["kl"] == pytest.approx(math.log(2) - 0.5)
        assert record.eval_return == pytest.approx(reward.max(1).mean() - 0.1 * (math.log(2) - 0.5))
        assert not {"win_rate", "distinct_2", "agreement"} & record.measures.keys()


def test_the_texts_are_judged_once_for_all_n(task: Task) -> None:
    records(task, 1), records(task, 2)
    assert judged_samples.cache_info().misses == len(SEEDS)


def test_it_says_why_it_cannot_run(task: Task) -> None:
    three = BestOfSamples(name="b", summary="s", n=3)
    assert three.reason_unsupported(task) == "takes the best of 3 samples, and the task has 2 a prompt"
    assert "has none" in str(three.reason_unsupported(TASKS["bandit/medium"]))
    with pytest.raises(ValueError, match="n must be at least 1, not 0"):
        BestOfSamples(name="b", summary="s", n=0)

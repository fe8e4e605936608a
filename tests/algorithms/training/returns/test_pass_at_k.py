"""pass@k of policies whose chances are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.networks.gru import GRU
from algorithms.training.returns import exact_return
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training.returns.pass_at_k import KS, NAMES, RightTexts
from envs import TASKS
from envs.api import Task
from envs.text.bandit import Bandit
from envs.text.lock import Lock
from envs.text_env import text_task
from tests.builders import double_copy, make_policy, small_training

LOCK = text_task("lock", Lock(length=2, vocabulary=4, locks=2))  # two keys and the end: 1 of 64 texts of three tokens
BANDIT = text_task("bandit", Bandit(arms=2, contexts=2, best=0.9, gap=0.5))


def policies(task: Task, *scales: float) -> ActorCritic:
    """One member a scale of its random parameters; 0 is uniform."""
    training = replace(small_training(task, VARIANTS["reinforce"]), network=GRU(6))
    policy = make_policy(task, VARIANTS["reinforce"], training, tuple(range(len(scales))))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for member, scale in enumerate(scales):
            policy.flat.values[member] = scale * torch.randn(policy.flat.values[0].shape, generator=generator)
    return double_copy(policy)


def passed(task: Task, *scales: float) -> dict[int, np.ndarray]:
    """pass@k of each member."""
    measures = ExactReturn(task).scores(policies(task, *scales)).measures
    return {k: measures[name] for k, name in zip(KS, NAMES, strict=True)}


def test_one_of_k_texts_of_the_uniform_policy_opens_the_lock() -> None:
    found = passed(LOCK, 0.0)
    assert found[1][0] == pytest.approx(1 / 64)
    assert found[2][0] == pytest.approx(1 - (63 / 64) ** 2)
    assert found[64][0] == pytest.approx(1 - (63 / 64) ** 64)


def test_prompts_of_unequal_difficulty_are_averaged_after_the_power() -> None:
    chances = BANDIT.factory.table.mean(1)  # type: ignore[attr-defined]
    assert abs(chances[0] - chances[1]) > 0.01
    found = passed(BANDIT, 0.0)
    assert found[4][0] == pytest.approx((1 - (1 - chances) ** 4).mean())
    assert found[4][0] != pytest.approx(1 - (1 - chances.mean()) ** 4, abs=1e-5)


def test_pass_at_1_is_the_return_where_right_pays_1_and_wrong_0() -> None:
    task = TASKS["dyck/sparse-small"]
    scores = ExactReturn(task).scores(policies(task, 0.0, 0.5, 0.9))
    np.testing.assert_allclose(scores.measures["pass@1"], scores.value, rtol=1e-12)
    found = np.stack([scores.measures[name] for name in NAMES])
    assert (np.diff(found, axis=0) > 0).all()  # more texts help


def test_each_member_equals_itself_alone_and_parts_of_the_listing_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    together = passed(LOCK, 0.0, 0.7)
    monkeypatch.setattr(exact_return, "CHUNK", 5)  # episodes x members in one tree
    for k, values in passed(LOCK, 0.0, 0.7).items():
        np.testing.assert_allclose(values, together[k], rtol=1e-12)
    assert passed(LOCK, 0.0)[8][0] == pytest.approx(together[8][0])


def test_noise_in_the_reward_leaves_it_out() -> None:
    noisy = text_task("noisy", Lock(length=2, vocabulary=4, locks=2, reward_noise=0.1))
    assert not set(NAMES) & set(ExactReturn(noisy).scores(policies(noisy, 0.0)).measures)


def test_prompts_count_by_their_probability() -> None:
    """Prompts of 3/4 and 1/4; texts are right by 1/2 and never: pass@2 is 3/4 (1 - 1/4), and not half of that sum."""
    start, nothing = np.array([0.75, 0.25]), np.zeros(0)
    found = RightTexts(nothing, nothing.astype(np.int64), nothing, start).measures(np.array([[0.375, 0.0]]))
    assert (found["pass@1"][0], found["pass@2"][0]) == (0.375, 0.5625)

"""Best of n: its expectation over subsets by enumeration, its KL bound, and whom it picks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from algorithms.language.best_of_n import Sampled, best_of, frontier, kl_bound, sample, weights_of_best
from algorithms.language.texts import Texts
from tests.language_models import random_adapter, tiny_decoder
from tests.language_stages import run


def test_the_weights_by_hand() -> None:
    assert weights_of_best(4, 1).tolist() == [0.25] * 4
    assert weights_of_best(4, 2).tolist() == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6])
    assert weights_of_best(4, 4).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_it_is_the_mean_over_all_subsets(n: int) -> None:
    rng = np.random.default_rng(0)
    reward, gold = (torch.from_numpy(rng.normal(size=(2, 3, 5))).float() for _ in range(2))
    by_hand = np.zeros(2)
    for p in range(2):
        found = [
            float(gold[p, i, max(subset, key=lambda j: float(reward[p, i, j]))])
            for i in range(3)
            for subset in itertools.combinations(range(5), n)
        ]
        by_hand[p] = np.mean(found)
    assert best_of(reward, gold, n).tolist() == pytest.approx(by_hand.tolist(), abs=1e-6)


def test_the_kl_bound_by_hand() -> None:
    assert kl_bound(1) == 0
    assert kl_bound(2) == pytest.approx(math.log(2) - 0.5)


def test_the_favourite_is_the_one_with_the_highest_reward() -> None:
    tokens = torch.arange(12).view(1, 2, 3, 2)
    texts = Texts(tokens, tokens >= 0, tokens >= 0)
    sampled = Sampled(texts, torch.tensor([[[0.0, 2.0, 1.0], [3.0, 1.0, 2.0]]]), torch.zeros(1, 2, 3, dtype=torch.bool))
    assert sampled.favourites.tokens.tolist() == [[[2, 3], [6, 7]]]
    rows = frontier(sampled, -sampled.reward)
    assert [(n, reward.tolist(), gold.tolist()) for n, _, reward, gold in rows] == [
        (1, [1.5], [-1.5]),
        (2, pytest.approx([(5 / 3 + 8 / 3) / 2]), pytest.approx([-(5 / 3 + 8 / 3) / 2])),
    ]


def test_samples_of_a_prompt_stay_together() -> None:
    model = tiny_decoder()
    prompts = torch.arange(1, 13).view(2, 3, 2)
    valid = torch.ones_like(prompts, dtype=torch.bool)

    def length(texts: Texts) -> torch.Tensor:
        return texts.scored.sum(2)

    stage = sample(model, random_adapter(model, 2), prompts, valid, (1, 2), length, 4, 5, block=10)
    found = run(stage)[0]
    assert found.texts.tokens.shape == (2, 3, 5, 6)
    assert torch.equal(found.texts.tokens[:, :, :, :2], prompts[:, :, None].expand(-1, -1, 5, -1))
    assert torch.equal(found.reward, found.texts.scored.sum(3).float())
    ended = (found.texts.tokens[:, :, :, 2:] == 0) & found.texts.scored[:, :, :, 2:]
    assert torch.equal(found.cut, ~ended.any(3))
    assert torch.equal(found.favourites.scored.sum(2), found.reward.amax(2).long())

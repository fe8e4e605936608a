"""Pairs that a noisy judge has labelled: who is chosen, how often, and from which generator."""

from __future__ import annotations

import math

import pytest
import torch

from algorithms.language.preferences import extremes, label, sample_pairs
from algorithms.language.texts import Texts
from envs.validation import UsageError
from tests.language_models import random_adapter, tiny_decoder
from tests.language_stages import ended, run


def two(count: int, members: int = 1) -> Texts:
    """`count` pairs of the completions 2 and 3."""
    return ended([[([1], [2]), ([1], [3])] * count] * members)


def test_the_better_text_is_chosen_if_labels_have_no_noise() -> None:
    gold = torch.tensor([[0.1, 0.2, 5.0, -5.0]])
    found = label(two(2), gold, (1,), math.inf)
    assert found.pairs.chosen.tokens[0, :, 1].tolist() == [3, 2]
    assert found.pairs.rejected.tokens[0, :, 1].tolist() == [2, 3]
    assert found.difference[0].tolist() == pytest.approx([0.1, 10])
    assert found.equal.tolist() == [0]


def test_labels_follow_the_sigmoid_of_the_gold_difference() -> None:
    n = 4000
    gold = torch.tensor([1.5, 1.0]).repeat(n)[None]
    found = label(two(n), gold, (1,), 2.0)
    first = float((found.pairs.chosen.tokens[0, :, 1] == 2).float().mean())
    assert first == pytest.approx(1 / (1 + math.exp(-1)), abs=0.025)
    # equal scores are a coin flip, however sharp the labels are
    even = label(two(n), torch.ones(1, 2 * n), (1,), math.inf)
    assert float((even.pairs.chosen.tokens[0, :, 1] == 2).float().mean()) == pytest.approx(0.5, abs=0.025)


def test_members_have_labels_of_their_own() -> None:
    gold = torch.zeros(2, 100)
    both = label(two(50, 2), gold, (1, 2), 1.0).pairs.chosen.tokens
    assert not torch.equal(both[0], both[1])
    assert torch.equal(label(two(50), gold[:1], (2,), 1.0).pairs.chosen.tokens[0], both[1])


def test_equal_texts_are_counted() -> None:
    texts = ended([[([1], [2]), ([1], [2]), ([1], [2]), ([1], [2, 2])]])
    assert label(texts, torch.zeros(1, 4), (1,), 1.0).equal.tolist() == [1]


def test_pairs_are_two_completions_of_one_prompt() -> None:
    model = tiny_decoder()
    prompts = torch.arange(1, 13).view(2, 3, 2)
    adapter = random_adapter(model, 2)

    def judge(texts: Texts) -> torch.Tensor:
        return texts.scored.sum(2).float()  # longer is better

    def pairs(block: int) -> Texts:
        valid = torch.ones_like(prompts, dtype=torch.bool)
        found = run(sample_pairs(model, adapter, prompts, valid, (1, 2), judge, 5, math.inf, block))[0]
        chosen, rejected = found.pairs
        assert torch.equal(chosen.tokens[:, :, :2], prompts)
        assert torch.equal(rejected.tokens[:, :, :2], prompts)
        assert bool((judge(chosen) >= judge(rejected)).all())
        assert torch.equal(found.difference, judge(chosen) - judge(rejected))
        chosen.check(model), rejected.check(model)
        return chosen

    assert torch.equal(pairs(2).tokens, pairs(2).tokens)


def test_the_best_and_the_worst_of_the_candidates_are_a_pair() -> None:
    texts = ended([[([1], [i]) for i in (1, 2, 3, 1, 2, 3)]])
    found, gold = extremes(texts, torch.tensor([[0.3, 0.9, 0.1, 5.0, 5.0, 5.0]]), 3)
    assert found.tokens[0, :, 1].tolist() == [2, 3, 3, 1]  # of equal ones two different texts
    torch.testing.assert_close(gold, torch.tensor([[0.9, 0.1, 5.0, 5.0]]))


def test_more_candidates_are_further_apart() -> None:
    model, prompts = tiny_decoder(), torch.arange(1, 13).view(2, 3, 2)
    valid = torch.ones_like(prompts, dtype=torch.bool)

    def difference(candidates: int) -> torch.Tensor:
        stage = sample_pairs(model, None, prompts, valid, (1, 2), lambda t: t.scored.sum(2).float(), 5, math.inf,
                             candidates=candidates)  # fmt: skip
        return run(stage)[0].difference

    assert float(difference(6).sum()) > float(difference(2).sum())
    with pytest.raises(UsageError, match="at least 2 completions of a prompt, not 1"):
        difference(1)


def test_a_sharpness_of_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="above 0, not 0"):
        next(sample_pairs(tiny_decoder(), None, *two(1)[:2], (1,), lambda t: t.tokens.sum(2), 2, 0))

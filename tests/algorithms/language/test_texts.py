"""Texts in a model's tokens: where padding and end tokens stand, and log-probabilities of completions alone."""

from __future__ import annotations

import pytest
import torch

from algorithms.language import texts as module
from algorithms.language.texts import Texts, log_probs, make_texts, sequence_log_probs
from envs.validation import UsageError
from tests.language_models import random_adapter, tiny_decoder
from tests.language_stages import Bigram, ended, padded, tiny_texts


def test_prompts_are_padded_on_the_left_and_completions_end() -> None:
    found = ended([[([1, 2], [3]), ([3], [1, 2])]])
    assert found.tokens[found.valid].tolist() == [1, 2, 3, 0, 3, 1, 2, 0]
    assert found.valid.tolist() == [[[True, True, True, True, False], [False, True, True, True, True]]]
    assert found.scored.tolist() == [[[False, False, True, True, False], [False, False, True, True, True]]]


def test_log_probs_are_of_completions_and_their_end_alone() -> None:
    table = torch.tensor([[0.0, 0, 0, 0], [1, 0, 2, 0], [0, 0, 0, 3], [4, 0, 0, 0]])
    found = log_probs(Bigram(table), ended([[([2, 1], [2, 3])]]), None)[0, 0]
    logp = table.log_softmax(1)
    assert found.tolist() == pytest.approx([0, 0, *(float(logp[a]) for a in ((1, 2), (2, 3), (3, 0)))])


@pytest.mark.parametrize(("left", "right"), [(3, 0), (0, 2), (1, 1)])
def test_padding_changes_nothing(left: int, right: int) -> None:
    model, texts = tiny_decoder(), tiny_texts(2, 3)
    adapter = random_adapter(model, 2)
    plain = sequence_log_probs(model, texts, adapter)
    torch.testing.assert_close(sequence_log_probs(model, padded(texts, left, right, 7), adapter), plain)
    if left:  # without the mask it would
        blind = padded(texts, left, right, 7)
        blind = blind._replace(valid=torch.ones_like(blind.valid))
        assert not torch.allclose(sequence_log_probs(model, blind, adapter), plain, atol=1e-3)


def test_a_large_vocabulary_is_read_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    model, texts = tiny_decoder(), tiny_texts(2, 3)
    adapter = random_adapter(model, 2)
    for x in adapter.up.values():
        x.requires_grad_()

    def gradient() -> list[torch.Tensor]:
        return list(torch.autograd.grad(sequence_log_probs(model, texts, adapter).sum(), list(adapter.up.values())))

    whole = gradient()
    monkeypatch.setattr(module, "MOST_LOGITS", 3 * model.vocabulary)
    for x, y in zip(whole, gradient(), strict=True):
        torch.testing.assert_close(x, y)


def test_picked_texts_lose_common_padding() -> None:
    found = ended([[([1, 2], [3, 3, 3]), ([3], [1]), ([2], [1])]]).pick(torch.tensor([[2, 1]]))
    assert found.tokens.tolist() == [[[2, 1, 0], [3, 1, 0]]]


def test_bad_texts_are_named() -> None:
    good, model = ended([[([1], [2])]]), Bigram()
    holes = padded(good, 1, 0, 0)
    holes.valid[0, 0, 0], holes.valid[0, 0, 1] = True, False
    with pytest.raises(UsageError, match="some within it"):
        holes.check(model)
    with pytest.raises(UsageError, match="follows at least one token"):
        Texts(good.tokens, good.valid, good.valid).check(model)
    with pytest.raises(UsageError, match="no completion"):
        Texts(good.tokens, good.valid, torch.zeros_like(good.valid)).check(model)
    with pytest.raises(UsageError, match=r"\[0, 4\), not in \[0, 9\]"):
        ended([[([1], [9])]]).check(model)
    with pytest.raises(UsageError, match="context of 64"):
        ended([[([1], [2] * 63)]]).check(model)
    with pytest.raises(UsageError, match="no end token"):
        make_texts([[([1], [2])]], None)
    with pytest.raises(UsageError, match=r"completion 1 of member 0 does not end with the end token 0: \[2, 3\]"):
        make_texts([[([1], [2, 0]), ([1], [2, 3])]], 0)
    with pytest.raises(UsageError, match=r"as many texts, not \[1, 0\]"):
        ended([[([1], [2])], []])

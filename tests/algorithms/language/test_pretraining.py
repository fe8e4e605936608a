"""Pretraining of a base: perplexity by hand, sentences of one length a batch, repeats and resumes, errors."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from algorithms.language.pretraining import Pretraining, _batches, _by_length, perplexity_of, pretrain
from envs.language.models.decoder import Decoder
from envs.validation import UsageError
from tests.language_models import TINY, tiny_decoder
from tests.language_stages import resumed_equally, run

SENTENCES = [[2, 4, 5, 8], [3, 4, 6, 9, 14], [2, 4, 5, 12, 9]] * 6
QUICK = Pretraining(passes=2, batch=24, rate=1e-2)


def test_the_perplexity_of_a_blank_model_is_its_vocabulary() -> None:
    blank = Decoder(TINY, {name: torch.zeros_like(x) for name, x in tiny_decoder().tensors.items()})
    assert perplexity_of(blank, _by_length(SENTENCES, TINY)) == pytest.approx(TINY.vocabulary, rel=1e-5)


def test_it_learns_sentences_and_their_end() -> None:
    found = run(pretrain(TINY, SENTENCES, SENTENCES[:3], dataclasses.replace(QUICK, passes=40)))[0]
    # the second word is 4 throughout; after 2 4 5 come 8 and 12 equally often; all else is certain
    assert found.perplexity < math.exp(4 * math.log(2) / 14) + 0.3
    assert not found.model.tensors["model.norm.weight"].requires_grad


def test_batches_hold_every_sentence_once_with_its_end() -> None:
    parts = list(_batches(_by_length(SENTENCES, TINY), QUICK, 0))
    assert sorted(row for part in parts for row in part.tolist()) == sorted([*s, TINY.end] for s in SENTENCES)
    assert {part.numel() for part in parts} <= {20, 24, 30}
    others = list(_batches(_by_length(SENTENCES, TINY), QUICK, 1))
    assert any(not torch.equal(a, b) for a, b in zip(parts, others, strict=True) if a.shape == b.shape)


def test_it_repeats_and_resumes_bit_for_bit() -> None:
    states = resumed_equally(
        lambda state: pretrain(TINY, SENTENCES, SENTENCES[:2], QUICK, state, state_every=3),
        lambda found: dict(found.model.tensors),
    )
    assert states >= 2


def test_the_rate_warms_up_and_decays() -> None:
    config = Pretraining(rate=1.0, warm_up=0.5)
    assert [round(config.rate_at(i, 4), 4) for i in range(4)] == [0.3333, 0.6667, 1.0, 0.5]


def test_bad_input_is_named_before_any_work() -> None:
    with pytest.raises(UsageError, match="no sentences"):
        next(pretrain(TINY, [], SENTENCES, QUICK))
    with pytest.raises(UsageError, match="between 0 and 99; the model has 16"):
        next(pretrain(TINY, [[1, 99]], SENTENCES, QUICK))
    with pytest.raises(UsageError, match="a sentence of 64 tokens and its end exceed the context of 64"):
        next(pretrain(TINY, [[1] * 64], SENTENCES, QUICK))
    with pytest.raises(UsageError, match="needs an end token"):
        next(pretrain(dataclasses.replace(TINY, end=None), SENTENCES, SENTENCES, QUICK))
    with pytest.raises(UsageError, match="passes must be above 0, not 0"):
        Pretraining(passes=0)

"""A prompt that rows share is read once, and nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from envs.language.env import LanguageMDP
from envs.language.models.api import CausalModel
from envs.language.models.decoder import Decoder
from envs.language.models.decoder_cache import Cache
from envs.language.models.files import require
from envs.language.models.hugging_face import HuggingFaceModel
from envs.language.shared_prompts import hidden_after_prompts, share_prompts
from envs.text_mdp import Rows
from tests.envs.language.tiny_phrases import phrase
from tests.language_models import TINY, random_adapter, tiny_decoder

MEMBERS, ENVS, PROMPT = 2, 6, 3


def wrapped() -> CausalModel:
    hf = require("transformers")
    torch.manual_seed(0)
    sizes = {"vocab_size": TINY.vocabulary, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.3}
    return HuggingFaceModel(hf.LlamaForCausalLM(hf.LlamaConfig(**sizes, **heads)), 0)


def texts() -> tuple[Tensor, Tensor]:
    """Two prompts of three tokens, one of them padded on the left; the second member has the first alone."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(1, TINY.vocabulary, (MEMBERS * ENVS, 6), generator=generator)
    second = torch.tensor([0, 1, 1, 0, 1, 0] + [0] * ENVS).bool()
    tokens[:, :PROMPT] = torch.where(second[:, None], torch.tensor([3, 5, 2]), torch.tensor([7, 4, 6]))
    valid = torch.ones_like(tokens, dtype=torch.bool)
    valid[second, 0] = False
    valid[4, 5] = False
    return tokens, valid


def test_distinct_prompts_of_each_member() -> None:
    tokens, _ = texts()
    shared = share_prompts(tokens[:, :PROMPT], MEMBERS, 3)
    assert shared is not None
    assert shared.rows[2:].tolist() == [6, 6]  # the second member has one prompt, which stands there twice
    assert sorted(shared.rows[:2].tolist()) == [0, 1]
    assert torch.equal(tokens[shared.rows[shared.own], :PROMPT], tokens[:, :PROMPT])
    assert shared.own[ENVS:].ge(2).all()  # no member reads what another has read
    assert share_prompts(torch.arange(12)[:, None], MEMBERS, 0) is None
    assert share_prompts(tokens[:, :PROMPT], MEMBERS, 100) is None  # it would save next to nothing


@pytest.mark.parametrize("model", [tiny_decoder(), wrapped()], ids=["decoder", "transformers"])
def test_states_and_gradients_are_those_of_one_pass(model: CausalModel) -> None:
    tokens, valid = texts()
    adapter = random_adapter(tiny_decoder(), MEMBERS)
    leaves = [x.requires_grad_() for x in (*adapter.down.values(), *adapter.up.values())]
    weight = torch.randn(MEMBERS * ENVS, 4, 16, generator=torch.Generator().manual_seed(2)) * valid[:, 2:, None]
    found = hidden_after_prompts(model, tokens, valid, PROMPT, adapter, MEMBERS)
    expected = model.hidden(tokens, valid, None, adapter)[0][:, PROMPT - 1 :]
    torch.testing.assert_close(found * weight, expected * weight, rtol=0, atol=2e-5)
    slopes = [torch.autograd.grad((x * weight).sum(), leaves) for x in (found, expected)]
    for a, b in zip(*slopes, strict=True):
        assert b.abs().max() > 0
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))


def test_a_shared_prompt_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, read = tiny_decoder(), list[torch.Size]()
    original = Decoder.hidden

    def counting(self: Decoder, tokens: Tensor, *rest: Any) -> tuple[Tensor, Cache]:
        read.append(tokens.shape)
        return original(self, tokens, *rest)

    monkeypatch.setattr(Decoder, "hidden", counting)
    tokens, valid = texts()
    hidden_after_prompts(model, tokens, valid, PROMPT, None, MEMBERS)
    assert read == [(4, 3), (12, 3)]
    read.clear()
    last = hidden_after_prompts(model, tokens[:, :PROMPT], valid[:, :PROMPT], PROMPT, None, MEMBERS)
    assert read == [(4, 3)]
    assert last.shape == (12, 1, 16)


def test_a_list_of_texts_answers_for_the_reference() -> None:
    """The table of a listed task, against the model that reads the same texts."""
    mdp = phrase()
    listed = mdp.transcripts.reshape(-1, mdp.transcript_length)
    cut = listed.copy()
    cut[::3, -1] = 0  # no action is written there
    rows = Rows(cut, np.full((len(cut), 1), -1))
    table, model = mdp.reference_of(rows), LanguageMDP.reference_of(mdp, rows)
    np.testing.assert_allclose(table, model, rtol=0, atol=1e-5)
    assert table[0, -1] == 0 > table[1, -1]

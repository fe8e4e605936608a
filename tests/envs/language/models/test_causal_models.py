"""What every causal model promises, on tiny random models of several architectures, against transformers' own numbers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from envs.language.models.api import CausalModel
from envs.language.models.base import find_base
from envs.language.models.decoder import Decoder
from envs.language.models.files import require
from envs.language.models.hugging_face import HuggingFaceModel
from envs.language.models.low_rank import LowRank
from tests.language_models import random_adapter

hf = require("transformers")

V, MEMBERS, ENVS = 40, 3, 2
SHAPE = {"vocab_size": V, "initializer_range": 0.3, "bos_token_id": None, "eos_token_id": 3}
WIDE = SHAPE | {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
}


def build(name: str) -> Any:
    torch.manual_seed(0)
    if name == "llama":
        return hf.LlamaForCausalLM(hf.LlamaConfig(**WIDE, head_dim=6, rope_theta=500.0))
    if name == "llama-biased":
        return hf.LlamaForCausalLM(hf.LlamaConfig(**WIDE, head_dim=4, attention_bias=True, mlp_bias=True))
    if name == "qwen2":
        return hf.Qwen2ForCausalLM(hf.Qwen2Config(**WIDE, tie_word_embeddings=True))
    return hf.GPT2LMHeadModel(hf.GPT2Config(**SHAPE, n_embd=16, n_layer=2, n_head=4, n_positions=32))


NAMES = ("llama", "llama-biased", "qwen2", "gpt2")


@pytest.fixture(scope="module", params=NAMES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[CausalModel, Any]:
    """(ours, read from the folder that transformers wrote, transformers' own)"""
    theirs = build(request.param)
    generator = torch.Generator().manual_seed(1)
    for name, x in theirs.named_parameters():  # biases and norms begin as 0 and 1, which would hide mistakes
        if x.dim() == 1:
            x.data += 0.3 * torch.randn(x.shape, generator=generator)
        assert x.dim() < 3, name
    folder = tmp_path_factory.mktemp(request.param)
    theirs.save_pretrained(folder)
    return find_base(folder).load(), theirs.eval()


@pytest.fixture
def ours(pair: tuple[CausalModel, Any]) -> CausalModel:
    return pair[0]


def texts(rows: int = MEMBERS * ENVS, length: int = 7) -> tuple[Tensor, Tensor]:
    tokens = torch.randint(V, (rows, length), generator=torch.Generator().manual_seed(5))
    return tokens, torch.ones_like(tokens, dtype=torch.bool)


@torch.no_grad()
def hidden(model: CausalModel, tokens: Tensor, valid: Tensor, adapter: LowRank | None = None) -> Tensor:
    return model.hidden(tokens, valid, adapter=adapter)[0]


def test_the_expected_class_reads_each_architecture(pair: tuple[CausalModel, Any]) -> None:
    ours, theirs = pair
    assert isinstance(ours, HuggingFaceModel if "GPT2" in type(theirs).__name__ else Decoder)
    assert (ours.vocabulary, ours.context, ours.width, ours.end) == (V, 32, 16, 3)


def test_logits_equal_those_of_transformers(pair: tuple[CausalModel, Any]) -> None:
    ours, theirs = pair
    tokens, valid = texts()
    with torch.no_grad():
        expected = theirs(tokens).logits
    logits = ours.logits(hidden(ours, tokens, valid))
    assert expected.std() > 0.3
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    few = torch.tensor([5, 0, 39])
    torch.testing.assert_close(ours.logits(hidden(ours, tokens, valid), few), logits[..., few], rtol=0, atol=1e-6)


def test_a_wrapped_model_equals_the_file_in_our_decoder(pair: tuple[CausalModel, Any]) -> None:
    ours, theirs = pair
    wrapped = HuggingFaceModel(theirs, 3)
    assert wrapped.layers == dict(ours.layers)
    tokens, valid = texts()
    adapter = random_adapter(ours, MEMBERS)
    a, b = (hidden(model, tokens, valid, adapter) for model in (ours, wrapped))
    torch.testing.assert_close(a, b, rtol=0, atol=2e-5)


@pytest.mark.parametrize("sizes", [(1,) * 7, (3, 1, 3), (6, 1)])
def test_a_text_read_in_pieces_equals_one_pass(ours: CausalModel, sizes: tuple[int, ...]) -> None:
    tokens, valid = texts()
    adapter, cache, pieces = random_adapter(ours, MEMBERS), None, []
    with torch.no_grad():
        for new, also in zip(tokens.split(sizes, 1), valid.split(sizes, 1), strict=True):
            piece, cache = ours.hidden(new, also, cache, adapter)
            pieces.append(piece)
    torch.testing.assert_close(torch.cat(pieces, 1), hidden(ours, tokens, valid, adapter), rtol=0, atol=2e-5)


def test_a_cache_can_be_continued_twice(ours: CausalModel) -> None:
    tokens, valid = texts()
    with torch.no_grad():
        _, cache = ours.hidden(tokens[:, :4], valid[:, :4])
        first, longer = ours.hidden(tokens[:, 4:5], valid[:, 4:5], cache)
        ours.hidden(tokens[:, 5:6], valid[:, 5:6], longer)
        other, _ = ours.hidden((tokens[:, 4:5] + 1) % V, valid[:, 4:5], cache)
        again, _ = ours.hidden(tokens[:, 4:5], valid[:, 4:5], cache)
    torch.testing.assert_close(again, first, rtol=0, atol=1e-5)
    assert (other - first).abs().max() > 0.1


@pytest.mark.parametrize("left", [0, 1, 3])
@pytest.mark.parametrize("right", [0, 2])
@pytest.mark.parametrize("filler", [0, 7])
def test_padding_changes_no_hidden_state_of_a_text(ours: CausalModel, left: int, right: int, filler: int) -> None:
    tokens, valid = texts()
    padded = torch.full((len(tokens), left + 7 + right), filler)
    where = torch.zeros_like(padded, dtype=torch.bool)
    padded[:, left : left + 7], where[:, left : left + 7] = tokens, True
    found = hidden(ours, padded, where)
    assert found.isfinite().all()
    torch.testing.assert_close(found[:, left : left + 7], hidden(ours, tokens, valid), rtol=0, atol=2e-5)


def test_padding_within_a_text_takes_no_position(ours: CausalModel) -> None:
    """A prompt padded on the right, and its continuation behind the padding."""
    tokens, valid = texts()
    gap = torch.zeros_like(tokens[:, :2])
    padded, where = (
        torch.cat([tokens[:, :4], gap, tokens[:, 4:]], 1),
        torch.cat([valid[:, :4], gap > 0, valid[:, 4:]], 1),
    )
    found = hidden(ours, padded, where)[:, [0, 1, 2, 3, 6, 7, 8]]
    torch.testing.assert_close(found, hidden(ours, tokens, valid), rtol=0, atol=2e-5)


def test_padding_that_is_called_valid_is_read(ours: CausalModel) -> None:
    tokens, valid = texts()
    padded = torch.cat([torch.zeros_like(tokens[:, :3]), tokens], 1)
    read = hidden(ours, padded, torch.ones_like(padded, dtype=torch.bool))
    assert (read[:, 3:] - hidden(ours, tokens, valid)).abs().max() > 0.1


def test_padding_behind_a_cached_prompt_keeps_its_place(ours: CausalModel) -> None:
    """A prompt padded on the left, generation behind it, and a row that ended before the others."""
    tokens, valid = texts(rows=2)
    padded = torch.cat([torch.zeros(2, 2, dtype=torch.long), tokens], 1)
    where = torch.cat([torch.zeros(2, 2, dtype=torch.bool), valid], 1)
    where[1, 6:] = False
    with torch.no_grad():
        _, cache = ours.hidden(padded[:, :5], where[:, :5])
        rest = [ours.hidden(padded[:, 5:6], where[:, 5:6], cache)]
        for i in range(6, 9):
            rest.append(ours.hidden(padded[:, i : i + 1], where[:, i : i + 1], rest[-1][1]))
    last = torch.cat([piece for piece, _ in rest], 1)
    assert last.isfinite().all()
    whole = hidden(ours, tokens, valid)
    torch.testing.assert_close(last[0], whole[0, 3:], rtol=0, atol=2e-5)
    torch.testing.assert_close(last[1, 0], whole[1, 3], rtol=0, atol=2e-5)


def test_an_adapter_whose_up_is_zero_changes_nothing(ours: CausalModel) -> None:
    tokens, valid = texts()
    random = random_adapter(ours, MEMBERS)
    off = LowRank(random.down, {name: torch.zeros_like(x) for name, x in random.up.items()})
    plain = hidden(ours, tokens, valid)
    torch.testing.assert_close(hidden(ours, tokens, valid, off), plain, rtol=0, atol=1e-6)
    assert (hidden(ours, tokens, valid, random) - plain).abs().max() > 0.1
    assert torch.equal(hidden(ours, tokens, valid), plain)  # nothing of the adapter stays


def test_every_layer_is_adapted_and_counts(ours: CausalModel) -> None:
    tokens, valid = texts()
    random, plain = random_adapter(ours, MEMBERS), hidden(ours, tokens, valid)
    assert len(ours.layers) == len(set(ours.layers)) >= 8
    for name in ours.layers:
        alone = LowRank({name: random.down[name]}, {name: random.up[name]})
        assert (hidden(ours, tokens, valid, alone) - plain).abs().max() > 1e-3, name


def test_poking_a_member_leaves_the_others_bit_equal(ours: CausalModel) -> None:
    tokens, valid = texts()
    adapter = random_adapter(ours, MEMBERS)
    before = hidden(ours, tokens, valid, adapter)
    for x in (*adapter.down.values(), *adapter.up.values()):
        x[1] += 1.0
    after = hidden(ours, tokens, valid, adapter)
    own = torch.tensor([False, False, True, True, False, False])
    assert torch.equal(after[~own], before[~own])
    assert not torch.equal(after[own], before[own])


def test_a_member_alone_equals_itself_in_the_population(ours: CausalModel) -> None:
    tokens, valid = texts()
    adapter = random_adapter(ours, MEMBERS)
    together = hidden(ours, tokens, valid, adapter).view(MEMBERS, ENVS, 7, 16)
    for p, rows in enumerate(tokens.split(ENVS)):
        one = LowRank(
            {name: x[p : p + 1] for name, x in adapter.down.items()},
            {name: x[p : p + 1] for name, x in adapter.up.items()},
        )
        torch.testing.assert_close(hidden(ours, rows, valid[:ENVS], one), together[p], rtol=0, atol=2e-5)


def test_gradients_reach_the_adapters_and_nothing_else(ours: CausalModel) -> None:
    tokens, valid = texts()
    adapter = random_adapter(ours, MEMBERS)
    leaves = [x.requires_grad_() for x in (*adapter.down.values(), *adapter.up.values())]
    cache, pieces = None, []
    for new, also in zip(tokens.split((3, 1, 1, 2), 1), valid.split((3, 1, 1, 2), 1), strict=True):
        piece, cache = ours.hidden(new, also, cache, adapter)
        pieces.append(piece)
    in_pieces = torch.autograd.grad(torch.cat(pieces, 1).square().sum(), leaves)
    whole = torch.autograd.grad(ours.hidden(tokens, valid, adapter=adapter)[0].square().sum(), leaves)
    for a, b in zip(in_pieces, whole, strict=True):
        assert b.abs().max() > 0
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))


def test_no_text_is_longer_than_the_context(ours: CausalModel) -> None:
    tokens, valid = texts(rows=1, length=33)
    with pytest.raises(ValueError, match="a text of 33 tokens is longer than the context of 32"):
        ours.hidden(tokens, valid)


def test_a_model_is_never_copied(ours: CausalModel) -> None:
    assert copy.deepcopy({"model": ours})["model"] is ours


def test_sharded_weights_are_read(tmp_path: Path) -> None:
    theirs = build("llama")
    theirs.save_pretrained(tmp_path, max_shard_size=4000)
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    tokens, valid = texts()
    ours = find_base(tmp_path).load()
    with torch.no_grad():
        torch.testing.assert_close(ours.logits(hidden(ours, tokens, valid)), theirs(tokens).logits)

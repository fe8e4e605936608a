"""Tiny language models for tests: random decoders of width 16 over a few words, in folders as Hugging Face writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from envs.language.models.base import BaseModel, find_base
from envs.language.models.decoder import Decoder, DecoderConfig, random_decoder
from envs.language.models.folder import save_base
from envs.language.models.low_rank import LowRank
from envs.language.models.tokenizer import FileTokenizer, word_tokenizer

END, UNKNOWN = "<end>", "<unk>"
WORDS = (END, UNKNOWN, "the", "a", "film", "was", "is", "it", "good", "bad", "fine", "dull", "very", "not", ".", ",")
TINY = DecoderConfig(
    vocabulary=len(WORDS), width=16, layers=2, heads=4, key_value_heads=2, head_width=4, inner=24, context=64
)


def tiny_decoder(config: DecoderConfig = TINY, seed: int = 0, deviation: float = 0.4) -> Decoder:
    """A random decoder; the deviation makes its distributions far from uniform."""
    return random_decoder(config, torch.Generator().manual_seed(seed), deviation)


def tiny_tokenizer(words: Sequence[str] = WORDS) -> FileTokenizer:
    return word_tokenizer(words, END, UNKNOWN)


def tiny_base(folder: Path, config: DecoderConfig = TINY, seed: int = 0) -> BaseModel:
    """A random decoder and the tokenizer of WORDS, written into the folder."""
    save_base(folder, tiny_decoder(config, seed), tiny_tokenizer())
    return find_base(folder)


def random_adapter(decoder: Decoder, members: int, rank: int = 2, seed: int = 0, deviation: float = 0.3) -> LowRank:
    """Adapters of all layers, with `up` far from 0."""
    generator = torch.Generator().manual_seed(seed)
    down = {
        name: torch.randn(members, inputs, rank, generator=generator) * deviation
        for name, (inputs, _) in decoder.layers.items()
    }
    up = {
        name: torch.randn(members, rank, outputs, generator=generator) * deviation
        for name, (_, outputs) in decoder.layers.items()
    }
    return LowRank(down, up)

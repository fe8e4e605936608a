"""Models in GGUF files (llama.cpp), read into our decoder.

The header is read here: the package `gguf` needs seconds for it, and transformers needs a further package for the tensors.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from envs.language.models.decoder import EMBEDDING, LAST_NORM, READ_OUT, Decoder, DecoderConfig
from envs.language.models.files import require
from envs.language.models.folder import precision
from envs.language.models.tokenizer import FileTokenizer
from envs.validation import UsageError

MAGIC, STRING, ARRAY, CONTROL = b"GGUF", 8, 9, 3
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OTHER_NAMES = {"token_embd.weight": EMBEDDING, "output_norm.weight": LAST_NORM, "output.weight": READ_OUT}


@dataclass(frozen=True)
class Header:
    """What a GGUF file says of itself.

    fields   its settings by name
    tensors  (shape, quantisation, first byte from `data`) of each tensor by its name in Hugging Face's models
    """

    fields: Mapping[str, Any]
    tensors: Mapping[str, tuple[tuple[int, ...], int, int]]
    data: int


@cache
def read_header(path: Path) -> Header:
    """The header of a file. UsageError if it is none, or not of a model that our decoder computes."""
    with path.open("rb") as file:
        if file.read(4) != MAGIC or _number(file, "I") not in (2, 3):
            raise UsageError(f"{path} is no GGUF file of version 2 or 3")
        count, settings = _number(file, "Q"), _number(file, "Q")
        fields = {_string(file): _value(file, _number(file, "I")) for _ in range(settings)}
        tensors = {}
        for _ in range(count):
            name = _string(file)
            shape = tuple(_number(file, "Q") for _ in range(_number(file, "I")))[::-1]
            tensors[name] = (shape, int(_number(file, "I")), int(_number(file, "Q")))
        step = fields.get("general.alignment", 32)
        data = -(-file.tell() // step) * step
    kind = fields.get("general.architecture")
    if kind not in ("llama", "qwen2"):
        raise UsageError(f"{path} holds a model of architecture {kind}; of GGUF files llama and qwen2 can be read")
    unknown = [name for name in tensors if _renamed(name) is None]
    if unknown or fields.get(f"{kind}.rope.scaling.type", "none") != "none":
        why = f"the tensor {unknown[0]}" if unknown else "scaled rotary positions"
        raise UsageError(f"{path} has {why}, which our decoder does not have: give the model as a folder")
    return Header(fields, {str(_renamed(name)): tensor for name, tensor in tensors.items()}, data)


def decoder_config(path: Path) -> DecoderConfig:
    """The shape of the model in a file."""
    header = read_header(path)
    kind = header.fields["general.architecture"]
    own = {name.removeprefix(f"{kind}."): value for name, value in header.fields.items()}
    heads, width = own["attention.head_count"], own["embedding_length"]
    return DecoderConfig(
        vocabulary=header.tensors[EMBEDDING][0][0],
        width=width,
        layers=own["block_count"],
        heads=heads,
        key_value_heads=own.get("attention.head_count_kv", heads),
        head_width=own.get("attention.key_length", width // heads),
        inner=own["feed_forward_length"],
        context=own["context_length"],
        theta=own.get("rope.freq_base", 10_000.0),
        epsilon=own["attention.layer_norm_rms_epsilon"],
        tied=READ_OUT not in header.tensors,
        bias="qkv" if kind == "qwen2" else "none",
        end=own.get("tokenizer.ggml.eos_token_id"),
    )


def load(path: Path, device: str) -> Decoder:
    """The model of a file, in the precision of the device."""
    gguf, header, config = require("gguf"), read_header(path), decoder_config(path)
    content = np.memmap(path, mode="r")
    tensors = {}
    for name, (shape, quantised, offset) in header.tensors.items():
        quantisation = gguf.GGMLQuantizationType(quantised)
        block, size = gguf.GGML_QUANT_SIZES[quantisation]
        row = shape[-1] // block * size  # bytes
        start, rows = header.data + offset, prod(shape[:-1])
        try:
            numbers = gguf.dequantize(np.array(content[start : start + rows * row]).reshape(rows, row), quantisation)
        except NotImplementedError as error:
            raise UsageError(f"{path}: {error}") from None
        tensor = torch.from_numpy(np.ascontiguousarray(numbers, np.float32)).reshape(shape)
        if header.fields["general.architecture"] == "llama":
            tensor = _halves(name, tensor, config)
        tensors[name] = tensor.to(device, precision(device))
    return Decoder(config, tensors)


def tokenizer(path: Path) -> FileTokenizer:
    """The tokenizer of a file: byte pairs as SmolLM cuts them are read here, and others by transformers."""
    fields = read_header(path).fields
    end, template = fields.get("tokenizer.ggml.eos_token_id"), fields.get("tokenizer.chat_template")
    if (fields["tokenizer.ggml.model"], fields.get("tokenizer.ggml.pre")) != ("gpt2", "smollm"):
        transformers = require("transformers")
        slow = transformers.AutoTokenizer.from_pretrained(
            str(path.parent), gguf_file=path.name, local_files_only=True, trust_remote_code=False
        )
        return FileTokenizer(slow.backend_tokenizer, end, template)
    parts = require("tokenizers")
    tokens = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    fast = parts.Tokenizer(parts.models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    cut = parts.pre_tokenizers
    fast.pre_tokenizer = cut.Sequence([cut.Digits(individual_digits=True), cut.ByteLevel(add_prefix_space=False)])
    fast.decoder = parts.decoders.ByteLevel()
    kinds = fields.get("tokenizer.ggml.token_type", ())
    fast.add_special_tokens([token for token, kind in zip(tokens, kinds, strict=False) if kind == CONTROL])
    return FileTokenizer(fast, end, template)


def _halves(name: str, weight: Tensor, config: DecoderConfig) -> Tensor:
    """The rows of a query's or key's weight as pairs (j, j + head_width / 2): llama.cpp turns neighbours (2 j, 2 j + 1)."""
    if not name.endswith(("q_proj.weight", "k_proj.weight")):
        return weight
    pairs = weight.reshape(-1, config.head_width // 2, 2, weight.shape[1])
    return pairs.transpose(1, 2).reshape(weight.shape)


def _renamed(name: str) -> str | None:
    """Hugging Face's name of a tensor; None if our decoder has none such."""
    block, _, rest = name.removeprefix("blk.").partition(".")
    part, _, kind = rest.partition(".")
    if name.startswith("blk.") and part in LAYER_NAMES:
        return f"model.layers.{block}.{LAYER_NAMES[part]}.{kind}"
    return OTHER_NAMES.get(name)


def _number(file: BinaryIO, kind: str) -> Any:
    return struct.unpack(f"<{kind}", file.read(struct.calcsize(f"<{kind}")))[0]


def _string(file: BinaryIO) -> str:
    return file.read(_number(file, "Q")).decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == STRING:
        return _string(file)
    if kind != ARRAY:
        return _number(file, NUMBERS[kind])
    kind, count = _number(file, "I"), _number(file, "Q")
    if kind in (STRING, ARRAY):
        return [_value(file, kind) for _ in range(count)]
    return list(struct.unpack(f"<{count}{NUMBERS[kind]}", file.read(count * struct.calcsize(f"<{NUMBERS[kind]}"))))

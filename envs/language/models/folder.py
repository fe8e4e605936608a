"""Folders of config.json, model.safetensors and tokenizer.json as Hugging Face writes them: read and written."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from envs.files.writing import replace_file, write_text
from envs.language.models.decoder import EMBEDDING, READ_OUT, Decoder, DecoderConfig
from envs.language.models.tokenizer import NAME, SETTINGS, FileTokenizer, save_tokenizer
from envs.validation import UsageError

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder, one or several; none if there are none or some of them are missing."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        return []
    names = sorted(set(json.loads((folder / INDEX).read_text())["weight_map"].values()))
    return [folder / n for n in names] if all((folder / n).is_file() for n in names) else []


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a safetensors file's tensors by name, from its header: its length in 8 bytes, then JSON."""
    with path.open("rb") as file:
        first = file.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else 0
        if not 2 <= length <= path.stat().st_size - 8:
            raise UsageError(
                f"{path} is no safetensors file, of {path.stat().st_size} bytes: was only a pointer fetched?"
            )
        header = json.loads(file.read(length))
    return {name: tuple(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"}


def precision(device: str) -> torch.dtype:
    """In which a frozen model computes: float32 on a CPU, bfloat16 on a GPU."""
    return torch.float32 if device == "cpu" else torch.bfloat16


def end_of(folder: Path, config: Mapping[str, Any]) -> int | None:
    """The token that ends a text: config.json's, the first if there are several, or the tokenizer's eos_token."""
    end = config.get("eos_token_id")
    if isinstance(end, list):
        end = end[0] if end else None
    if end is not None or not (folder / SETTINGS).is_file() or not (folder / NAME).is_file():
        return end
    name = json.loads((folder / SETTINGS).read_text()).get("eos_token")
    name = name["content"] if isinstance(name, dict) else name
    tokens = json.loads((folder / NAME).read_text())
    added = {one["content"]: one["id"] for one in tokens.get("added_tokens", ())}
    return added.get(name)


def decoder_config(config: Mapping[str, Any], end: int | None) -> DecoderConfig | None:
    """The shape of our decoder from Hugging Face's config.json; None if it is a model that ours does not compute."""
    kind, angles = config.get("model_type"), config.get("rope_parameters") or config.get("rope_scaling") or {}
    plain = (
        kind in ("llama", "mistral", "qwen2")
        and config.get("hidden_act", "silu") == "silu"
        and angles.get("rope_type", angles.get("type", "default")) == "default"
        and not (config.get("sliding_window") if kind == "mistral" else config.get("use_sliding_window"))
        and bool(config.get("attention_bias")) == bool(config.get("mlp_bias"))
    )
    if not plain:
        return None
    needed = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    if missing := [name for name in needed if name not in config]:
        raise UsageError(f"{CONFIG} of a {kind} model lacks {', '.join(missing)}")
    heads, width = config["num_attention_heads"], config["hidden_size"]
    return DecoderConfig(
        vocabulary=config["vocab_size"],
        width=width,
        layers=config["num_hidden_layers"],
        heads=heads,
        key_value_heads=config.get("num_key_value_heads") or heads,
        head_width=config.get("head_dim") or width // heads,
        inner=config["intermediate_size"],
        context=config.get("max_position_embeddings", 2048),
        theta=float(angles.get("rope_theta", config.get("rope_theta", 10_000.0))),
        epsilon=config.get("rms_norm_eps", 1e-6),
        tied=bool(config.get("tie_word_embeddings", False)),
        bias="qkv" if kind == "qwen2" else "all" if config.get("attention_bias") else "none",
        end=end,
    )


def hugging_face_config(config: DecoderConfig) -> dict[str, Any]:
    """config.json of a decoder, as LlamaForCausalLM."""
    biased = config.bias != "none"
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.key_value_heads,
        "head_dim": config.head_width,
        "intermediate_size": config.inner,
        "max_position_embeddings": config.context,
        "rope_theta": config.theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.theta},
        "rms_norm_eps": config.epsilon,
        "tie_word_embeddings": config.tied,
        "hidden_act": "silu",
        "attention_bias": biased,
        "mlp_bias": biased,
        "bos_token_id": None,
        "eos_token_id": config.end,
        "pad_token_id": None,
    }


def load_decoder(folder: Path, config: DecoderConfig, device: str) -> Decoder:
    """The decoder of a folder, in the precision of the device."""
    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        with safetensors.safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 (it is no mapping)
                tensors[name] = file.get_tensor(name).to(device, precision(device))
    if READ_OUT in tensors and config.tied and not torch.equal(tensors[READ_OUT], tensors[EMBEDDING]):
        raise UsageError(f"{folder}: {CONFIG} ties the read-out to the embedding, but the weights hold two tables")
    return Decoder(config, tensors)


def save_base(folder: Path, decoder: Decoder, tokenizer: FileTokenizer) -> None:
    """A folder that `find_base`, transformers.AutoModelForCausalLM and AutoTokenizer read.

    Biases of queries, keys and values alone are written as biases of all layers, the others 0: transformers has this only in
    Qwen2ForCausalLM, to which it gives a tokenizer of that family whatever the folder holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if decoder.config.bias == "qkv":
        config = replace(decoder.config, bias="all")
        zeros = {name: torch.zeros(shape) for name, shape in config.shapes.items() if name.endswith(".bias")}
        decoder = Decoder(config, zeros | decoder.tensors)
    save_tokenizer(folder, tokenizer)
    tensors = {name: x.detach().contiguous().cpu() for name, x in decoder.tensors.items()}
    write_text(folder / CONFIG, json.dumps(hugging_face_config(decoder.config), indent=1))
    replace_file(folder / WEIGHTS, lambda part: safetensors.torch.save_file(tensors, part, metadata={"format": "pt"}))

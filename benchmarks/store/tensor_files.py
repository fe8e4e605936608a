"""safetensors files, read at one moment: what another process puts in the file's place meanwhile is not mixed in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

LENGTH_BYTES = 8  # of the header, little-endian, at the start of a file


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A file's tensors and metadata. The library's own readers open a file twice or more.

    Raises ValueError for a file that is none, OSError for one that cannot be read.
    """
    content = path.read_bytes()
    try:
        tensors = safetensors.torch.load(content)
        end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
        header = json.loads(content[LENGTH_BYTES:end])
    except (safetensors.SafetensorError, KeyError) as error:
        raise ValueError(str(error)) from error
    return tensors, header.get("__metadata__", {})


def checksum(tensors: Mapping[str, Tensor], text: str) -> str:
    """SHA-256 of tensors (names, types, shapes and bytes) and of a text that goes with them."""
    hash_ = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        hash_.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        if tensor.numel():
            hash_.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return hash_.hexdigest()

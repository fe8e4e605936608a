"""Low-rank adapters of several seeds in one file, and one of them in PEFT's layout or merged into its base.

A file is safetensors: down.<layer> [S, in, r], up.<layer> [S, r, out] and head.<name> [S, ...]; its metadata is one
JSON text, so that equal adapters are equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from envs.files.writing import replace_file, write_text
from envs.language.models.base import BaseModel
from envs.language.models.decoder import Decoder
from envs.language.models.files import LENGTH
from envs.language.models.low_rank import LowRank
from envs.validation import UsageError

META = "adapters"


@dataclass(frozen=True)
class AdapterFile:
    """Adapters of S members over one base.

    digest  hash of the file     path  where it lies; no number depends on it
    """

    digest: str
    path: Path = field(metadata={"hashed": False}, compare=False)

    @property
    def base(self) -> str:
        """The digest of the base that they change."""
        return str(_meta(self)["base"])

    @property
    def seeds(self) -> tuple[int, ...]:
        """The members' seeds [S]."""
        return tuple(_meta(self)["seeds"])

    def load(self, seeds: Sequence[int], base: BaseModel, device: str = "cpu") -> LowRank:
        """The adapters of the members with these seeds. UsageError if one is missing or the base is another."""
        self.check(seeds, base)
        scale = _meta(self)["scale"]
        return LowRank(self._part("down", seeds, device), self._part("up", seeds, device), scale)

    def check(self, seeds: Sequence[int], base: BaseModel) -> None:
        """UsageError if a member with one of these seeds is missing or the base is another; nothing is loaded."""
        meta = _meta(self)
        if meta["base"] != base.digest:
            raise UsageError(
                f"the adapters {self.path} belong to the base {meta['base']}, not to {base.digest} ({base.path})"
            )
        if missing := [seed for seed in seeds if seed not in self.seeds]:
            raise UsageError(
                f"{self.path} has no member of seed {missing[0]}; it has {', '.join(map(str, self.seeds))}"
            )

    @property
    def shape(self) -> tuple[int, float]:
        """(rank, scale) of the adapters."""
        with safetensors.safe_open(self.path, framework="pt") as file:
            name = next(name for name in file.keys() if name.startswith("down."))  # noqa: SIM118 (it is no mapping)
            return int(file.get_slice(name).get_shape()[2]), float(_meta(self)["scale"])

    def head(self, seeds: Sequence[int], device: str = "cpu") -> dict[str, Tensor]:
        """The members' tensors beside the adapters, such as a value head, by name; none if the file has none."""
        return self._part("head", seeds, device)

    def _part(self, part: str, seeds: Sequence[int], device: str) -> dict[str, Tensor]:
        known = self.seeds
        if missing := [seed for seed in seeds if seed not in known]:
            raise UsageError(f"{self.path} has no member of seed {missing[0]}; it has {', '.join(map(str, known))}")
        rows = [known.index(seed) for seed in seeds]
        with safetensors.safe_open(self.path, framework="pt", device=device) as file:
            names = [name for name in file.keys() if name.startswith(f"{part}.")]  # noqa: SIM118 (it is no mapping)
            return {name.removeprefix(f"{part}."): file.get_tensor(name)[rows] for name in names}


@cache
def _meta(file: AdapterFile) -> Mapping[str, Any]:
    """What the file says of itself: seeds, scale and the base's digest; read once, after its hash was checked."""
    if (found := _hash(file.path)) != file.digest:
        raise UsageError(f"the hash of the adapters {file.path} is {found}, which is not the artefact's, {file.digest}")
    try:
        with safetensors.safe_open(file.path, framework="pt") as opened:
            return json.loads(opened.metadata()[META])
    except (safetensors.SafetensorError, KeyError, TypeError):
        raise UsageError(f"{file.path} holds no adapters of a population") from None


def _hash(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"there is no file of adapters {path}")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:LENGTH]


def find_adapters(path: Path) -> AdapterFile:
    """The adapters in a file. UsageError if there is none."""
    file = AdapterFile(_hash(path), path.resolve())
    _meta(file)
    return file


def save_adapters(
    path: Path, adapters: LowRank, seeds: Sequence[int], base: BaseModel, head: Mapping[str, Tensor] | None = None
) -> AdapterFile:
    """A file of the adapters and heads of the members with these seeds [S]."""
    tensors = {f"down.{layer}": x for layer, x in adapters.down.items()}
    tensors |= {f"up.{layer}": x for layer, x in adapters.up.items()}
    tensors |= {f"head.{name}": x for name, x in (head or {}).items()}
    for name, x in tensors.items():
        if len(x) != len(seeds):
            raise UsageError(f"{name} has {len(x)} members, and there are {len(seeds)} seeds")
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"the seeds {', '.join(map(str, seeds))} are not all different")
    meta = json.dumps({"base": base.digest, "scale": adapters.scale, "seeds": [int(seed) for seed in seeds]})
    stored = {name: x.detach().cpu().contiguous() for name, x in tensors.items()}
    replace_file(path, lambda part: safetensors.torch.save_file(stored, part, metadata={META: meta}))
    return find_adapters(path)


def export_peft(folder: Path, adapters: LowRank, member: int, base: BaseModel) -> None:
    """adapter_config.json and adapter_model.safetensors of one member, as the package peft reads them.

    peft scales by lora_alpha / r, so lora_alpha is r times our scale.
    """
    ranks = {x.shape[2] for x in adapters.down.values()}
    if len(ranks) != 1:
        raise UsageError(f"adapters in PEFT's layout have one rank, not {len(ranks)}")
    rank = ranks.pop()
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": str(base.path),
        "r": rank,
        "lora_alpha": adapters.scale * rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted(adapters.down),
        "inference_mode": True,
    }
    tensors = {f"base_model.model.{layer}.lora_A.weight": x[member].T for layer, x in adapters.down.items()}
    tensors |= {f"base_model.model.{layer}.lora_B.weight": x[member].T for layer, x in adapters.up.items()}
    stored = {name: x.detach().cpu().contiguous() for name, x in tensors.items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "adapter_config.json", json.dumps(config, indent=1))
    replace_file(
        folder / "adapter_model.safetensors",
        lambda part: safetensors.torch.save_file(stored, part, metadata={"format": "pt"}),
    )


def merged(decoder: Decoder, adapters: LowRank, member: int) -> Decoder:
    """One member as a decoder of its own: W + scale (A B)^T in each adapted layer (Hu et al. 2021, section 4.1)."""
    tensors = dict(decoder.tensors)
    for layer, down in adapters.down.items():
        weight = tensors[f"{layer}.weight"]
        added = adapters.scale * (down[member] @ adapters.up[layer][member]).T
        tensors[f"{layer}.weight"] = (weight + added.to(weight)).detach()
    return Decoder(decoder.config, tensors)

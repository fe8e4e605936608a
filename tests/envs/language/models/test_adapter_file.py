"""Adapters of several seeds in a file, one of them in PEFT's layout, and merged into the base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from envs.language.models.adapter_file import (
    AdapterFile,
    export_peft,
    find_adapters,
    merged,
    save_adapters,
)
from envs.language.models.base import BaseModel
from envs.language.models.decoder import Decoder
from envs.language.models.low_rank import LowRank
from envs.validation import UsageError
from tests.language_models import random_adapter, tiny_base, tiny_decoder

SEEDS = (11, 2**100, 7)


@pytest.fixture
def base(tmp_path: Path) -> BaseModel:
    return tiny_base(tmp_path / "base")


def adapters(scale: float = 0.5) -> LowRank:
    random = random_adapter(tiny_decoder(), len(SEEDS))
    return LowRank(random.down, random.up, scale)


def test_members_come_back_by_their_seeds(base: BaseModel, tmp_path: Path) -> None:
    saved = adapters()
    head = {"value": torch.arange(6.0).reshape(3, 2)}
    file = save_adapters(tmp_path / "a.safetensors", saved, SEEDS, base, head)
    assert file.seeds == SEEDS
    loaded = file.load([7, 11], base)
    assert loaded.scale == 0.5
    assert set(loaded.down) == set(loaded.up) == set(saved.down)
    for layer in saved.down:
        assert torch.equal(loaded.down[layer], saved.down[layer][[2, 0]])
        assert torch.equal(loaded.up[layer], saved.up[layer][[2, 0]])
    assert file.head([2**100])["value"].tolist() == [[2.0, 3.0]]


def test_equal_adapters_are_equal_files(base: BaseModel, tmp_path: Path) -> None:
    first = save_adapters(tmp_path / "a.safetensors", adapters(), SEEDS, base)
    second = save_adapters(tmp_path / "other" / "b.safetensors", adapters(), SEEDS, base)
    assert first == second == find_adapters(tmp_path / "a.safetensors")
    assert save_adapters(tmp_path / "c.safetensors", adapters(0.25), SEEDS, base) != first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors", "base", "c.safetensors", "other"]


def test_errors_name_what_differs(base: BaseModel, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    file = save_adapters(path, adapters(), SEEDS, base)
    with pytest.raises(UsageError, match=f"has no member of seed 12; it has 11, {2**100}, 7"):
        file.load([12], base)
    other = tiny_base(tmp_path / "other", seed=1)
    with pytest.raises(UsageError, match=f"belong to the base {base.digest}, not to {other.digest}"):
        file.load([11], other)
    with pytest.raises(UsageError, match="has 3 members, and there are 2 seeds"):
        save_adapters(path, adapters(), SEEDS[:2], base)
    with pytest.raises(UsageError, match="the seeds 1, 2, 1 are not all different"):
        save_adapters(path, adapters(), (1, 2, 1), base)
    with pytest.raises(UsageError, match="there is no file of adapters"):
        find_adapters(tmp_path / "none")
    with pytest.raises(UsageError, match="holds no adapters of a population"):
        find_adapters(base.path / "model.safetensors")
    assert find_adapters(path) == file


def test_a_changed_file_is_refused(base: BaseModel, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_adapters(path, adapters(), SEEDS, base)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UsageError, match="which is not the artefact's, 0123456789abcdef"):
        AdapterFile("0123456789abcdef", path).load([11], base)


@pytest.mark.parametrize("member", [0, 2])
def test_a_merged_member_gives_the_adapted_logits(member: int) -> None:
    decoder, tokens = tiny_decoder(), torch.tensor([[2, 4, 5], [7, 6, 11], [3, 3, 0]])
    valid = torch.ones_like(tokens, dtype=torch.bool)
    adapted = decoder.logits(decoder.hidden(tokens, valid, adapter=adapters())[0])[member]
    alone = merged(decoder, adapters(), member)
    logits = alone.logits(alone.hidden(tokens, valid)[0])[member]
    torch.testing.assert_close(logits, adapted, rtol=0, atol=2e-5)
    assert (decoder.logits(decoder.hidden(tokens, valid)[0])[member] - adapted).abs().max() > 0.1


def test_a_member_in_pefts_layout(base: BaseModel, tmp_path: Path) -> None:
    saved = adapters()
    export_peft(tmp_path / "peft", saved, 1, base)
    config = json.loads((tmp_path / "peft" / "adapter_config.json").read_text())
    assert config["lora_alpha"] / config["r"] == saved.scale
    assert config["target_modules"] == sorted(tiny_decoder().layers)
    tensors = safetensors.torch.load_file(tmp_path / "peft" / "adapter_model.safetensors")
    assert len(tensors) == 2 * len(saved.down)
    layer = "model.layers.1.mlp.down_proj"
    a, b = (tensors[f"base_model.model.{layer}.lora_{part}.weight"] for part in "AB")
    assert (a.shape, b.shape) == ((2, 24), (16, 2))
    torch.testing.assert_close((b @ a).T, saved.down[layer][1] @ saved.up[layer][1])
    uneven = LowRank({"x": torch.zeros(1, 4, 2), "y": torch.zeros(1, 4, 3)}, {})
    with pytest.raises(UsageError, match="one rank, not 2"):
        export_peft(tmp_path / "peft", uneven, 0, base)


@pytest.mark.slow
def test_peft_reads_a_member_and_gives_our_logits(base: BaseModel, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="peft is not installed: pip install peft")
    transformers = pytest.importorskip("transformers")
    decoder, tokens = base.load(), torch.tensor([[2, 4, 5, 7], [7, 6, 11, 3], [3, 3, 0, 8]])
    assert isinstance(decoder, Decoder)
    export_peft(tmp_path / "peft", adapters(), 1, base)
    theirs = peft.PeftModel.from_pretrained(
        transformers.AutoModelForCausalLM.from_pretrained(base.path), tmp_path / "peft"
    )
    with torch.no_grad():
        ours = decoder.logits(decoder.hidden(tokens, tokens >= 0, adapter=adapters())[0])[1]
        torch.testing.assert_close(theirs(tokens).logits[1], ours, rtol=0, atol=1e-5)

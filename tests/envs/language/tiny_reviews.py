"""Review tasks over tiny random models, with judges that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from envs.api import Bools, Doubles
from envs.language.models.adapter_file import AdapterFile, save_adapters
from envs.language.models.base import BaseModel
from envs.language.models.decoder import Decoder
from envs.language.models.reward_model import RewardModel, save_reward_model
from envs.language.samples import ABSENT, ReferenceSamples, Samples, save_samples
from envs.language.tasks.review import Review
from tests.envs.language.tiny_phrases import tiny
from tests.language_models import WORDS, random_adapter

SEEDS = (4, 9)
OPENINGS = (("the", "film", "was"), ("it", "is"))
WORTH = {"good": 1.0, "fine": 0.5, "bad": -1.0}


def ids(*words: str) -> tuple[int, ...]:
    return tuple(WORDS.index(word) for word in words)


@dataclass
class Counter:
    """How many texts a judge has read."""

    texts: int = 0


READ = Counter()


@dataclass(frozen=True)
class StubGold:
    """The sum of all words' worth, less a half if the text is cut; it counts what it reads."""

    parts: ClassVar[tuple[str, ...]] = ("gold", "sentiment")

    model: BaseModel

    def score(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> Doubles:
        return self.measures(texts, ended, device)["gold"]

    def measures(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> dict[str, Doubles]:
        assert ended is not None
        READ.texts += len(texts)
        worth = np.array([sum(WORTH.get(word, 0.0) for word in text.split()) for text in texts])
        return {"gold": worth - 0.5 * ~ended, "sentiment": worth}


@dataclass(frozen=True)
class StubReward(RewardModel):
    """The seed times the text's real tokens, plus a tenth of the last real one."""

    def of_rows(self, seeds: Sequence[int], tokens: Tensor, valid: Tensor) -> Tensor:
        last = torch.where(valid, torch.arange(tokens.shape[1]), -1).amax(1)
        return torch.tensor(seeds) * valid.sum(1) + 0.1 * tokens.gather(1, last[:, None])[:, 0]


@cache
def adapters(seed: int = 0, numbers: tuple[int, ...] = SEEDS) -> AdapterFile:
    """Adapters of these members over the tiny model."""
    path = Path(mkdtemp()) / "adapters.safetensors"
    return save_adapters(path, random_adapter(decoder(), len(numbers), seed=seed), numbers, tiny())


def decoder() -> Decoder:
    model = tiny().load()
    assert isinstance(model, Decoder)
    return model


@cache
def reward_model(numbers: tuple[int, ...] = SEEDS) -> RewardModel:
    """A reward model of these members over the tiny model."""
    path, generator = Path(mkdtemp()) / "reward.safetensors", torch.Generator().manual_seed(5)
    head = torch.randn(len(numbers), 16, generator=generator)
    bias = torch.randn(len(numbers), generator=generator)
    words = torch.randn(len(numbers), len(WORDS), generator=generator)
    return save_reward_model(path, random_adapter(decoder(), len(numbers), seed=7), head, bias, words, numbers, tiny())


def samples(gold: Sequence[Sequence[Sequence[float]]], folder: Path) -> ReferenceSamples:
    """Samples "good <end>" and "bad bad" (cut) on both prompts for both seeds, with this gold [S, X, 2]."""
    completions = np.tile([ids("good", "<end>"), ids("bad", "bad")], (2, 2, 1, 1))
    prompts = np.array([ids(*OPENINGS[0]), (ABSENT, *ids(*OPENINGS[1]))])
    return save_samples(folder / "samples", Samples(np.array(SEEDS), prompts, completions, np.array(gold, np.float64)))


def review(**knobs: Any) -> Review:
    """Prompts of 3 and 2 words, up to 4 tokens."""
    settings: dict[str, Any] = {
        "model": tiny(), "gold_judge": StubGold(tiny(1)), "openings": tuple(ids(*words) for words in OPENINGS),
        "reward_model": StubReward(tiny(), adapters()), "longest": 4,
    }  # fmt: skip
    return Review(**(settings | knobs))

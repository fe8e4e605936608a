"""Phrase tasks over tiny random models, with a judge that reads words alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from envs.api import Bools, Doubles
from envs.language.models.base import BaseModel
from envs.language.tasks.phrase import Phrase
from tests.language_models import TINY, tiny_base

WORTH = {"good": 1.0, "fine": 0.5, "bad": -1.0}


@dataclass(frozen=True)
class StubJudge:
    """The sum of the different words' worth, so that a repeated word counts once."""

    model: BaseModel

    def score(self, texts: Sequence[str], ended: Bools | None = None, device: str = "cpu") -> Doubles:
        assert ended is not None
        assert not ended.any()  # a phrase is cut
        return np.array([sum(WORTH.get(word, 0.0) for word in set(text.split())) for text in texts])


@cache
def tiny(seed: int = 0) -> BaseModel:
    """The tiny random model of this seed."""
    return tiny_base(Path(mkdtemp()), replace(TINY, end=0), seed)


def phrase(**knobs: Any) -> Phrase:
    """Prompts of 3 and 2 words, 3 actions, 2 words: 18 texts."""
    settings: dict[str, Any] = {
        "model": tiny(), "gold_judge": StubJudge(tiny(1)), "openings": ("the film was", "it is"),
        "words": ("good", "bad", "the"), "length": 2,
    }  # fmt: skip
    return Phrase(**(settings | knobs))

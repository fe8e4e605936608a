"""How much of everything each seed of a pipeline gets, and who judges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from algorithms.language.adapters import Fitting
from envs.language.data.judge import Gold
from envs.language.models.base import BaseModel
from envs.validation import check_least


@dataclass(frozen=True)
class Judges:
    """The judge that labels and measures, in nats of its own model (docs/decisions/0043-gold-of-reviews.md).

    fluency, allowance   c and q of envs.language.data.judge      sharpness   k of a label, sigmoid(k x difference of gold)
    """

    fluency: float = 0.5
    allowance: float = 5.0
    sharpness: float = 3.0

    def gold(self, model: BaseModel) -> Gold:
        """The gold judge with this model."""
        return Gold(model, self.fluency, self.allowance)


@dataclass(frozen=True)
class Pipeline:
    """How much of everything each seed gets.

    demonstrations  of SFT, each the best of `candidates` sentences    pairs, held_out  to fit a reward model and to test it,
                                                                       the best and the worst of `compared` texts
    prompts         of the task      pool  other prompts, from which each seed draws those of its pairs
    samples         of SFT on each prompt of the task                     longest          tokens of an answer
    """

    seeds: int = 10
    demonstrations: int = 256
    candidates: int = 4
    pairs: int = 1024
    compared: int = 4
    held_out: int = 128
    prompts: int = 64
    pool: int = 1024
    samples: int = 16
    longest: int = 24
    judges: Judges = field(default_factory=Judges)
    sft: Fitting = field(default_factory=Fitting)
    reward: Fitting = field(default_factory=lambda: Fitting(passes=2))

    def __post_init__(self) -> None:
        numbers = (
            "seeds",
            "demonstrations",
            "candidates",
            "pairs",
            "compared",
            "held_out",
            "prompts",
            "pool",
            "samples",
            "longest",
        )
        check_least(**{name: (getattr(self, name), 1) for name in numbers})


def smallest(pipeline: Pipeline) -> Pipeline:
    """The same stages at their smallest."""
    one = Fitting(rank=2, passes=1)
    return replace(
        pipeline, seeds=2, demonstrations=8, candidates=2, pairs=16, held_out=16, prompts=8, pool=16, samples=4, longest=8,
        sft=one, reward=one,
    )  # fmt: skip

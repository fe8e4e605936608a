"""The tasks on the article's claims over tiny random models, with judges that read words alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from envs.api import Bools, Doubles, Task
from envs.language.data.flags import Fact
from envs.language.models.base import BaseModel
from envs.language.tasks.cue import Cue, cue_task
from envs.language.tasks.detox import Detox, detox_task
from envs.language.tasks.domain import Domain, domain_task
from envs.language.tasks.fairness import Fairness, fairness_task
from envs.language.tasks.truth import Truth, truth_task
from tests.envs.language.tiny_phrases import WORTH, StubJudge, tiny

OPENINGS = ("the film was", "it is")
CUE_WORDS = ("a", "bad", "good", "not", "very", ".", "the", "film", "dull", "fine")
FACTS = (Fact(("not", "good", "but"), "bad", "dull"), Fact(("the", "film"), "was", "is"))


@dataclass(frozen=True)
class StubFluency:
    """Nats a token: 5 where "very" stands twice, else 3."""

    model: BaseModel

    def nll(self, texts: Sequence[str], ended: Bools | None = None) -> Doubles:
        assert ended is not None
        assert not ended.any()  # these texts are cut
        return np.array([5.0 if text.split().count("very") > 1 else 3.0 for text in texts])


@dataclass(frozen=True)
class StubSentiment:
    """The sum of the words' worth."""

    def sentiment(self, texts: Sequence[str]) -> Doubles:
        return np.array([sum(WORTH.get(word, 0.0) for word in text.split()) for text in texts])


def detox(**knobs: Any) -> Detox:
    """Two prompts, two words of three, of which "bad" is flagged."""
    settings: dict[str, Any] = {
        "model": tiny(), "fluency_judge": StubFluency(tiny(1)), "openings": OPENINGS, "words": ("good", "bad", "very"),
        "length": 2,
    }  # fmt: skip
    return Detox(**(settings | knobs))


def fairness(**knobs: Any) -> Fairness:
    """One pair of prompts, one word of three, worth 1, -1 and 0."""
    settings: dict[str, Any] = {
        "model": tiny(), "sentiment_judge": StubSentiment(), "openings": OPENINGS, "words": ("good", "bad", "very"),
        "length": 1, "beta": 0.5,
    }  # fmt: skip
    return Fairness(**(settings | knobs))


def truth(**knobs: Any) -> Truth:
    """Four prompts: the right answer "good" is true with probability 1, .75, .5 and .25, else it is "bad"."""
    settings: dict[str, Any] = {
        "model": tiny(), "openings": ("the film was", "it is", "a film is", "it was"), "words": ("good", "bad", "not"),
        "right": ("good",) * 4, "wrong": ("bad",) * 4, "chance": (1.0, 0.75, 0.5, 0.25), "unknown": "not",
    }  # fmt: skip
    return Truth(**(settings | knobs))


def cue(**knobs: Any) -> Cue:
    settings: dict[str, Any] = {"model": tiny(), "words": CUE_WORDS}
    return Cue(**(settings | knobs))


def domain(**knobs: Any) -> Domain:
    """Trained on prompts of three and two words, tested on others."""
    settings: dict[str, Any] = {
        "model": tiny(), "gold_judge": StubJudge(tiny(1)), "openings": OPENINGS, "unseen": ("not a fine film",),
        "words": ("good", "bad", "very"), "length": 2,
    }  # fmt: skip
    return Domain(**(settings | knobs))


def tasks() -> dict[str, Task]:
    """A tiny task of each claim, as it is built of a model."""
    base, words = tiny(), ("good", "bad", "very")
    return {
        "detox": detox_task("detox/tiny", base, StubFluency(tiny(1)), words=words, openings=OPENINGS, length=2),
        "fairness": fairness_task(
            "fairness/tiny", base, StubSentiment(), words=words, openings=OPENINGS, length=2, penalty=1.0
        ),
        "truth": truth_task("truth/tiny", base, facts=FACTS, statements=2, wrong=(0, 1), unknown="very"),
        "cue": cue_task("cue/tiny", base, words=CUE_WORDS, q=0.8, asks=1),
        "domain": domain_task(
            "domain/tiny", base, StubJudge(tiny(1)), OPENINGS, ("not a fine film",), words=words, length=2
        ),
    }

"""Praise the film, and speak of a man as of a woman: sentiment, less a penalty on the gap between two forms of a prompt.

state    s_t = (the prompt's tokens, the words so far), read by a pretrained language model
action   a_t in {0..V-1}: words, each one token of the model
dynamics the word is appended; deterministic; prompts are uniform, each once about a man and once about a woman
reward   paid at the end: sentiment S of the text, less lambda times +-2 S (+ about a man, - about a woman), whose mean is
         the gap g = E[S | man] - E[S | woman]
end      terminated after H words
optimum  of E[S] - beta KL - c |g|, c the penalty. Since c |g| = max of lambda g over |lambda| <= c, it is min over these
         lambda of J*_beta(S - lambda G); this is convex, and the reward has the lambda that attains it. So J* and the
         policy that reaches it are those of the penalised objective, and its gap is 0 where |lambda| < c
twin     supervised fine-tuning on n demonstrations: texts of the reference, with praise in 3/4 of them, in (3/4 + k/2) of
         those about a man and (3/4 - k/2) of those about a woman; k, the skew, is the correlation in the data. Its limit
         is exact
figures  they depend on the model: V^H texts a prompt are listed
isolates the article's claim that policy gradients cure bias: a reward that does not name it leaves what the KL inherits
source   Huang et al. 2020, "Reducing sentiment bias in language models via counterfactual evaluation"; Ouyang et al. 2022,
         section 4.2: small improvements in toxicity "but not bias"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Protocol, get_args

import numpy as np

from envs.api import Doubles, Task
from envs.language import listed_texts as listed
from envs.language.data.flags import TEMPLATES, both_forms
from envs.language.data.judge import as_judge
from envs.language.family import Family, chosen_words, sized
from envs.language.models.base import BaseModel
from envs.language.taught_mdp import TaughtMDP, taught_task
from envs.validation import UnknownName, UsageError, check_between, check_least

Judge = Literal["penalised", "sentiment", "gap"]
PRAISE = 0.75  # share of the demonstrations
HALVINGS = 50


class SentimentJudge(Protocol):
    """A frozen dataclass that scores texts."""

    def __hash__(self) -> int: ...

    def sentiment(self, texts: Sequence[str]) -> Doubles:
        """[M], positive for praise."""


@dataclass(frozen=True, kw_only=True)
class Fairness(TaughtMDP):
    """openings: about a man and a woman by turns; judge: what pays; penalty: c; skew: k, of the demonstrations."""

    sentiment_judge: SentimentJudge
    judge: Judge = "penalised"
    penalty: float = 0.0
    skew: float = 0.0

    def check(self) -> None:
        if self.judge not in get_args(Judge):
            raise UnknownName("judge", self.judge, get_args(Judge))
        super().check()
        check_least(penalty=(self.penalty, 0))
        check_between(skew=(self.skew, 2 * PRAISE - 2, 2 - 2 * PRAISE))
        if len(self.openings) % 2:
            raise UsageError(f"openings are pairs, about a man and about a woman, not {len(self.openings)} prompts")
        if self.judge == "penalised" and self.penalty and not self.beta > 0:
            raise UsageError(
                "a penalty on the gap needs a beta above 0: else many optimal policies have different gaps"
            )

    @cached_property
    def sentiment(self) -> Doubles:
        """[X, S] S of each text."""
        return self.judged(self.sentiment_judge.sentiment)

    @property
    def gap(self) -> Doubles:
        """[X, S] a reward whose mean under a policy is its gap: 2 S about a man, -2 S about a woman."""
        sign = np.where(np.arange(len(self.openings)) % 2, -2.0, 2.0)
        return sign[:, None] * self.sentiment

    @cached_property
    def multiplier(self) -> float:
        """lambda: the minimum over |lambda| <= c of J*_beta(S - lambda G), whose slope is -gap, by halving."""

        def gap(weight: float) -> float:
            policy = listed.tilted(self.log_reference, self.sentiment - weight * self.gap, self.beta)
            return self.value_of(policy, self.gap)

        if not self.penalty:
            return 0.0
        sign = 1.0 if gap(0.0) > 0 else -1.0
        low, high = 0.0, self.penalty
        if sign * gap(sign * high) >= 0:
            return sign * high
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if sign * gap(sign * middle) > 0 else (low, middle)
        return sign * (low + high) / 2

    @property
    def paid(self) -> Doubles:
        """[X, S] what the judge pays."""
        if self.judge == "gap":
            return self.gap
        return self.sentiment - (self.multiplier * self.gap if self.judge == "penalised" else 0.0)

    @property
    def teacher(self) -> Doubles:
        """The reference's texts of praise and those without, in the shares of the demonstrations."""
        reference, praise = np.exp(self.log_reference), self.sentiment > 0
        of_praise = (reference * praise).sum(1)
        if not ((of_praise > 0) & (of_praise < 1)).all():
            raise UsageError("demonstrations need texts of praise and texts without it")
        share = PRAISE + np.where(np.arange(len(self.openings)) % 2, -0.5, 0.5) * self.skew
        weight = np.where(praise, (share / of_praise)[:, None], ((1 - share) / (1 - of_praise))[:, None])
        return reference * weight


WORDS = (
    "good", "bad", "great", "boring", "very", "funny", "the", "terrible", "best", "a", "young", "love", "poor", "and",
)  # fmt: skip
SIZES: dict[str, dict[str, Any]] = {
    "small": {"pairs": 1, "words": 4, "penalty": 1.0},
    "medium": {"pairs": 3, "words": 5, "penalty": 1.0},
    "hard": {"pairs": 4, "words": 8, "penalty": 1.0},
}


def paired_openings(pairs: int) -> tuple[str, ...]:
    """Both forms of the first `pairs` of flags.TEMPLATES, about a man and a woman by turns."""
    check_between(pairs=(pairs, 1, len(TEMPLATES)))
    return tuple(" ".join(form) for template in TEMPLATES[:pairs] for form in both_forms(template))


def fairness_task(
    name: str,
    model: BaseModel,
    judge: BaseModel | SentimentJudge,
    /,
    pairs: int = 1,
    words: int | Sequence[str] = 4,
    beta: float = 0.3,
    **knobs: Any,
) -> Task:
    """The Task of a model, with sentiment and the signed gap beside the score.

    pairs  of prompts, see `paired_openings`     knobs  fields of Fairness; `openings` in place of pairs
    """
    if "openings" not in knobs:
        knobs["openings"] = paired_openings(pairs)
    chosen = chosen_words(model, words, WORDS)
    reader = as_judge(judge)
    mdp = Fairness(model=model, sentiment_judge=reader, words=chosen, beta=beta, **knobs)
    views = [(judged, replace(mdp, judge=judged, beta=0.0)) for judged in ("sentiment", "gap")]
    return taught_task(name, mdp, views)


FAMILY = Family("fairness", "small", "medium", "hard", build=sized(fairness_task, SIZES))

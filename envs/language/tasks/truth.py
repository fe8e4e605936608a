"""Complete a fact of which the prompt's record is mixed: answer, or say that one does not know.

state    s_t = the answers that others gave, some of them wrong, and the question, read by a pretrained language model
action   a_t in {0..V-1}: the answers of all facts, and the word for "unknown"
dynamics one action; prompts are uniform
reward   1 for the true answer, 0 for "unknown", -c for any other. The right answer of prompt x is true with probability
         p_x, the wrong one else; p_x is the share of right answers in its record
end      terminated by the action
optimum  with beta 0: say the likelier answer iff its probability p > c / (1 + c), else "unknown"; J* = mean of
         max(p - c (1 - p), 0). The floor is J of the reference, the model itself
twin     supervised fine-tuning on n true answers, one for each prompt that is asked. Its limit says the right answer with
         probability p and never "unknown", for no label ever does: J is the mean of p (p - c (1 - p)) + (1 - p) ((1 - p) -
         c p), exactly
figures  they depend on the model: V answers a prompt are listed
isolates the article's claim of truthfulness: a reward can pay for silence, a demonstration of answers cannot
source   Lin et al. 2022, "TruthfulQA"; Kalai et al. 2025, "Why language models hallucinate" (the threshold c / (1 + c))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from envs.api import Doubles, Ints, Task
from envs.language.data.flags import FACTS, UNKNOWN_ANSWER, Fact
from envs.language.family import Family, sized
from envs.language.models.base import BaseModel
from envs.language.taught_mdp import TaughtMDP, taught_task
from envs.text_mdp import Response, Rows
from envs.validation import UnknownName, UsageError, check_between, check_least

Judge = Literal["truth", "answered", "true"]


@dataclass(frozen=True, kw_only=True)
class Truth(TaughtMDP):
    """right, wrong: the answers of each prompt; chance: p of each; cost: c; unknown: the word; judge: what pays.

    Judge "answered" pays 1 for anything but "unknown", and "true" 1 for the true answer.
    """

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    chance: tuple[float, ...]
    cost: float = 1.5
    unknown: str = UNKNOWN_ANSWER
    judge: Judge = "truth"
    length: int = 1

    def check(self) -> None:
        if self.judge not in get_args(Judge):
            raise UnknownName("judge", self.judge, get_args(Judge))
        super().check()
        check_least(cost=(self.cost, 0))
        if self.length != 1:
            raise UsageError(f"an answer is one word, not {self.length}")
        if not len(self.right) == len(self.wrong) == len(self.chance) == len(self.openings):
            raise UsageError(f"each of {len(self.openings)} prompts needs a right and a wrong answer and a chance")
        for p in self.chance:
            check_between(chance=(p, 0, 1))
        for word in (*self.right, *self.wrong, self.unknown):
            if word not in self.words:
                raise UnknownName("word of the answers", word, self.words)

    @property
    def stochastic(self) -> bool:
        return self.judge == "truth"

    def _places(self, answers: Sequence[str]) -> Ints:
        """[X] the actions of these words."""
        return np.array([self.words.index(word) for word in answers])

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        if not self.stochastic:
            return None
        p = np.array(self.chance)[self._prompt(rows)]
        return np.stack([p, 1 - p], 1)  # the right answer is true, the wrong one is

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        if not self.stochastic:
            return super().respond(rows, t, outcome)
        prompt, said = self._prompt(rows), self.action(rows, t)
        true = np.where(outcome == 0, self._places(self.right)[prompt], self._places(self.wrong)[prompt])
        silent = said == self.words.index(self.unknown)
        reward = np.where(silent, 0.0, np.where(said == true, 1.0, -self.cost))
        return Response(reward, np.ones(len(reward), np.bool_))

    @cached_property
    def truth(self) -> Doubles:
        """[X, V] the probability that each answer is true."""
        x, p, found = np.arange(len(self.openings)), np.array(self.chance), np.zeros((len(self.openings), self.actions))
        np.add.at(found, (x, self._places(self.right)), p)
        np.add.at(found, (x, self._places(self.wrong)), 1 - p)
        return found

    @property
    def paid(self) -> Doubles:
        """[X, V] the expected reward of each answer."""
        if self.judge == "true":
            return self.truth
        silent = np.array([word == self.unknown for word in self.words])
        answered = 1.0 if self.judge == "answered" else self.truth - self.cost * (1 - self.truth)
        return np.where(silent, 0.0, np.broadcast_to(answered, self.truth.shape))

    @property
    def teacher(self) -> Doubles:
        return self.truth


def record(fact: Fact, statements: int, wrong: int) -> str:
    """The question after so many answers of others, of which `wrong` are the wrong one, evenly spread."""
    check_between(wrong=(wrong, 0, statements))
    false = [(i + 1) * wrong // statements > i * wrong // statements for i in range(statements)]
    said = [fact.wrong if lie else fact.right for lie in false]
    return " ".join([*said, ".", *fact.question])


SIZES: dict[str, dict[str, Any]] = {
    "small": {"facts": 2, "wrong": (0, 1, 2)},
    "medium": {"facts": 4, "wrong": (0, 1, 2)},
    "hard": {"facts": 8, "wrong": (0, 1, 2, 3)},
}


def truth_task(
    name: str,
    model: BaseModel,
    /,
    facts: int | Sequence[Fact] = 4,
    statements: int = 4,
    wrong: Sequence[int] = (0, 1, 2),
    **knobs: Any,
) -> Task:
    """The Task of a model, with the shares of prompts that are answered, and truly, beside the score.

    facts  how many of flags.FACTS, or one's own     wrong  answers of `statements` in a record that are wrong: a prompt each
    knobs  fields of Truth
    """
    check_least(statements=(statements, 1))
    if isinstance(facts, int):
        check_between(facts=(facts, 1, len(FACTS)))
        facts = FACTS[:facts]
    every = [(fact, number) for fact in facts for number in wrong]
    unknown = knobs.get("unknown", UNKNOWN_ANSWER)
    mdp = Truth(
        model=model,
        openings=tuple(record(fact, statements, number) for fact, number in every),
        words=tuple(dict.fromkeys([*(word for fact in facts for word in (fact.right, fact.wrong)), unknown])),
        right=tuple(fact.right for fact, _ in every),
        wrong=tuple(fact.wrong for fact, _ in every),
        chance=tuple(1 - number / statements for _, number in every),
        **knobs,
    )
    views: list[Judge] = ["answered", "true"]
    return taught_task(name, mdp, [(judge, replace(mdp, judge=judge, beta=0.0)) for judge in views])


FAMILY = Family("truth", "small", "medium", "hard", build=sized(truth_task, SIZES, judged=False))

"""Say whether a film is good by what people usually say of it, or pay to ask: `causal` (envs/text/causal.py) in words.

state    s_t = (symptoms, cue, tests so far) in words, read by a pretrained language model; the answer y is hidden
action   ask, answer0, answer1: a word each
dynamics as in `causal`: y is fair; the cue equals y with probability rho (in the split "ood" with rho_ood); each question is
         answered by a test that equals y with probability q
reward   1 for the right answer, -c for a question
end      terminated by an answer, or after `asks` + 1 actions
optimum  that of `causal`, by its dynamic programme on beliefs; the floor is J of the reference, the model itself
twin     cloning of observed answers: each of n demonstrations is a prompt and the answer y, for who wrote it knew y. Its
         limit answers by the cue, with probability rho, and never asks: rho^2 + (1 - rho)^2 in training, and
         rho rho_ood + (1 - rho) (1 - rho_ood) where the cue has another meaning
isolates lack of causal understanding: a policy that acts can learn to ask, one that imitates learns the shortcut
source   Geirhos et al. 2020, "Shortcut learning"; Ortega et al. 2021, "Shaking the foundations: delusions in sequence
         models", section 3
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from envs.api import Doubles, Ints, Task
from envs.enumeration import enumerate_episodes
from envs.language.env import LanguageMDP
from envs.language.family import Family, sized
from envs.language.listed_mdp import language_task
from envs.language.models.base import BaseModel
from envs.language.reference import NO_MEMBER
from envs.language.taught_mdp import Demonstrations
from envs.solver import value
from envs.splits import SPLITS
from envs.text.causal import CUE, TEST, Causal
from envs.text_mdp import PAD, Prompts, Response, Rows, one_hot
from envs.validation import UsageError

# of the actions (ask, answer0, answer1), the replies (test0, test1, none), the symptoms (no, yes) and the cues (0, 1)
WORDS = ("why", "bad", "good", "no", "yes", ".", "old", "new", "low", "high")
SYMPTOM_WORDS = 6  # place of the first of them


@dataclass(frozen=True, kw_only=True)
class Cue(LanguageMDP):
    """words: see WORDS; the other knobs are those of Causal."""

    splits: ClassVar[tuple[str, ...]] = SPLITS

    words: tuple[str, ...] = WORDS
    rho: float = 0.9
    rho_ood: float = 0.1
    q: float = 1.0
    cost: float = 0.05
    asks: int = 1
    symptoms: int = 1

    def check(self) -> None:
        if len(set(self.words)) != len(WORDS):
            raise UsageError(f"words are {len(WORDS)} different ones, not {', '.join(self.words)}")
        if self.beta:
            raise UsageError(f"beta must be 0, not {self.beta}: the optimum is that of beliefs")
        _ = self.plain

    @cached_property
    def plain(self) -> Causal:
        """The same task in tokens of no model. The ids of its tokens are those of this task's."""
        own = {k: getattr(self, k) for k in ("rho", "rho_ood", "q", "cost", "asks", "symptoms")}
        return Causal(split=self.split, gamma=self.gamma, reward_shift=self.reward_shift, **own)

    @cached_property
    def _words(self) -> tuple[int, ...]:
        found = self.model.tokenizer().single_tokens(self.words)
        if len(set(found)) < len(found):
            raise UsageError(f"some of these words are the same token of the model: {', '.join(self.words)}")
        return found

    @property
    def action_tokens(self) -> tuple[int, ...]:
        return self._words[: self.plain.actions]

    @cached_property
    def table(self) -> tuple[int, ...]:
        """The model's token of each token of the task but PAD; tokens that begin every text of the model come last."""
        return (*self._words, *(i for i in self.model.tokenizer().start if i not in self._words))

    @cached_property
    def beginnings(self) -> tuple[tuple[int, ...], ...]:
        start = self.model.tokenizer().start
        return tuple((*start, *(self._words[i - 1] for i in row)) for row in self.plain.prompts().tokens.tolist())

    @property
    def prompt_length(self) -> int:
        return len(self.model.tokenizer().start) + self.plain.prompt_length

    @property
    def reply_length(self) -> int:
        return self.plain.reply_length

    @property
    def horizon(self) -> int:
        return self.plain.horizon

    @property
    def stochastic(self) -> bool:
        return self.plain.stochastic

    def prompts(self) -> Prompts:
        tokens, probability, hidden = self.plain.prompts()
        assert hidden is not None
        start = [self.table.index(i) + 1 for i in self.model.tokenizer().start]
        whole = np.concatenate([np.tile(np.array(start, np.int64), (len(tokens), 1)), tokens], 1)
        return Prompts(whole, probability, np.column_stack([hidden, np.full(len(tokens), NO_MEMBER)]))

    def _plain_rows(self, rows: Rows) -> Rows:
        return Rows(rows.transcript[:, len(self.model.tokenizer().start) :], rows.hidden[:, :-1])

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        return self.plain.outcomes(self._plain_rows(rows), t)

    @property
    def reward_parts(self) -> dict[str, float]:
        return self.plain.reward_parts

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        return self.plain.parts(self._plain_rows(rows), t)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        return self.plain.respond(self._plain_rows(rows), t, outcome)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        return self.plain.optimal_policy(self._plain_rows(rows), t)

    def optimal_return(self) -> float:
        return self.plain.optimal_return()

    def random_return(self) -> float:
        return self.plain.random_return()

    def reference_return(self) -> float:
        """J of the reference policy, over all episodes."""
        episodes = enumerate_episodes(self)
        assert episodes.reference is not None
        return value(episodes, episodes.reference, self.gamma)

    def demonstrate(self, labels: int, rng: np.random.Generator) -> Demonstrations:
        """Prompts, each with its answer y and the reply to an answer."""
        start = self.starts(rng, labels)
        transcripts = np.full((labels, self.transcript_length), PAD, np.int64)
        transcripts[:, : self.prompt_length] = start.transcript
        transcripts[:, self.prompt_length] = self.first_action + 1 + start.hidden[:, 0]
        transcripts[:, self.prompt_length + 1] = TEST + 2
        return Demonstrations(transcripts, np.ones(labels, np.bool_))

    def teacher_policy(self, rows: Rows) -> Doubles:
        """[M, 3] P(y | cue) as the demonstrations have it, on the answers: the limit of a twin with many labels."""
        cue = rows.transcript[:, self.prompt_length - 1] - CUE
        p = np.where(cue == 1, self.rho, 1 - self.rho)[:, None]  # of answer1; it learns in training, wherever it plays
        return (1 - p) * one_hot(np.full(len(cue), 1), 3) + p * one_hot(np.full(len(cue), 2), 3)

    def teacher_return(self) -> float:
        """J of the teacher: a shortcut that agrees with y as often as the cue does in this split."""
        agreement = self.plain.agreement
        return self.rho * agreement + (1 - self.rho) * (1 - agreement) + self.reward_shift


SIZES: dict[str, dict[str, Any]] = {
    "small": {},
    "medium": {"rho": 0.7, "rho_ood": 0.3, "q": 0.8, "cost": 0.02, "asks": 2, "symptoms": 2},
    "hard": {"rho": 0.6, "rho_ood": 0.4, "q": 0.65, "cost": 0.005, "asks": 3, "symptoms": 3},
}


def cue_task(name: str, model: BaseModel, /, **knobs: Any) -> Task:
    """The Task of a model, with the return out of distribution beside the score. knobs: fields of Cue."""
    mdp = Cue(model=model, **knobs)
    _ = mdp.action_tokens  # words that are no tokens of the model are named before anything is computed
    views = [("ood", replace(mdp, split="ood"))]
    source = "belief dynamic programme; the reference over all episodes"
    return language_task(name, mdp, mdp.reference_return(), mdp.optimal_return(), views, source)


FAMILY = Family("cue", "small", "medium", "hard", build=sized(cue_task, SIZES, judged=False))

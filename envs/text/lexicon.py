"""Write words that the topic rewards and a fixed language model finds likely: reward minus beta times the KL.

state    s_t = (topic, words so far)   observation: a topic token, then the words
action   a_t in {0..V-1}: the next word
dynamics the word is appended; deterministic; topics are uniform
reward   dense: l(topic, word) in [-1, 1] for each word; terminal: their sum at the end. The objective subtracts
         beta log(pi / reference) for each word; the reference is a bigram model: reference(w' | w) = softmax of Gaussian
         logits, a start row for the first word (tables drawn once from `instance`)
end      terminated after H words
optimum  soft dynamic programming: V_t(w) = beta log sum_w' reference(w'|w) exp((l(w') + gamma V_{t+1}(w')) / beta),
         reached by pi(w'|w) = reference(w'|w) exp((l(w') + gamma V_{t+1}(w') - V_t(w)) / beta). J0 by dynamic programming on
         the last word
figures  small J0 -0.9054 J* 1.5479; medium J0 -1.3555 J* 2.9482; hard J0 -1.5595 J* 21.0282
isolates where a KL penalty goes, adaptive beta, a reference policy, large vocabularies: the InstructGPT objective
source   Ouyang et al. 2022, equation 2 (without the pretraining term); Ziebart 2010 for the soft Bellman equations
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from envs.api import Doubles, Ints
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import check_least


@dataclass(frozen=True)
class Lexicon(TextFactory):
    """words: V; length: H; topics; beta: weight of the divergence; sharpness: deviation of the reference's logits."""

    reward_modes: ClassVar[tuple[str, ...]] = ("dense", "terminal")
    has_reference: ClassVar[bool] = True

    reward_mode: str = "dense"
    beta: float = 0.5
    words: int = 32
    length: int = 8
    topics: int = 4
    sharpness: float = 1.0
    instance: int = 0

    def check(self) -> None:
        check_least(
            words=(self.words, 2), length=(self.length, 1), topics=(self.topics, 1), sharpness=(self.sharpness, 0),
            instance=(self.instance, 0),
        )  # fmt: skip
        if 0 < self.beta < 0.02:
            raise ValueError(f"beta must be 0 or at least 0.02 (exp(1 / beta) has to be a number), not {self.beta}")

    @cached_property
    def scores(self) -> Doubles:
        """l(topic, word) [topics, V], uniform in [-1, 1]."""
        return np.random.default_rng(self.instance).uniform(-1, 1, (self.topics, self.words))

    @cached_property
    def language(self) -> Doubles:
        """log reference(w'|w) [V + 1, V]; the last row is that of the first word."""
        logits = self.sharpness * np.random.default_rng((self.instance, 1)).standard_normal(
            (self.words + 1, self.words)
        )
        logits -= logits.max(1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(1, keepdims=True))

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", *(f"w{i}" for i in range(self.words)), *(f"topic{i}" for i in range(self.topics)))

    @property
    def actions(self) -> int:
        return self.words

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return self.length

    def prompts(self) -> Prompts:
        return Prompts(np.arange(self.topics)[:, None] + 1 + self.words, uniform(self.topics))

    def _last(self, rows: Rows, t: int) -> Ints:
        """The row of `language` before action t [M]."""
        if t == 0:
            return np.full(len(rows.transcript), self.words)
        return np.maximum(rows.transcript[:, t] - self.first_action, 0)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        topic, last = rows.transcript[:, 0] - 1 - self.words, t == self.length - 1
        ended = np.full(len(topic), last)
        if self.reward_mode == "dense":
            return Response(self.scores[topic, self.action(rows, t)], ended)
        if not last:
            return Response(np.zeros(len(topic)), ended)
        words = np.maximum(self.actions_so_far(rows, self.length), 0)
        return Response(self.scores[topic[:, None], words].sum(1), ended)

    def reference(self, rows: Rows, t: int) -> Doubles | None:
        return self.language[self._last(rows, t)]

    def reference_logp(self, rows: Rows, t: int) -> Doubles | None:
        return self.language[self._last(rows, t), self.action(rows, t)]

    def _worth(self, t: int) -> Doubles:
        """What word t adds to the return, in units of step t [topics, V]: a terminal sum is discounted as a whole."""
        return self.scores * (self.gamma ** (self.length - 1 - t) if self.reward_mode == "terminal" else 1.0)

    @cached_property
    def _soft(self) -> list[Doubles]:
        """V_t [topics, V + 1] by last word, t = 0..H (V_H = 0; without a beta it does not depend on the last word)."""
        values = [np.zeros((self.topics, self.words + 1))]
        for t in range(self.length - 1, -1, -1):
            q = self._worth(t) + self.gamma * values[-1][:, : self.words]
            top = q.max(1, keepdims=True)
            if self.beta:
                mass = np.exp((q - top) / self.beta) @ np.exp(self.language).T  # [topics, V + 1]
                values.append(top + self.beta * np.log(mass))
            else:
                values.append(np.repeat(top, self.words + 1, axis=1))
        return values[::-1]

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        topic, last = rows.transcript[:, 0] - 1 - self.words, self._last(rows, t)
        q = (self._worth(t) + self.gamma * self._soft[t + 1][:, : self.words])[topic]
        if not self.beta:
            return one_hot(q.argmax(1), self.actions)
        return np.exp(self.language[last] + (q - self._soft[t][topic, last][:, None]) / self.beta)

    def optimal_return(self) -> float:
        return float(self._soft[0][:, self.words].mean()) + self.reward_shift

    def random_return(self) -> float:
        kl = -np.log(self.words) - self.language.mean(1)  # KL(uniform || reference) after each word [V + 1]
        value = np.zeros((self.topics, self.words + 1))
        for t in range(self.length - 1, -1, -1):
            q = self._worth(t) + self.gamma * value[:, : self.words]
            value = q.mean(1, keepdims=True) - self.beta * kl
        return float(value[:, self.words].mean()) + self.reward_shift


TASKS: tuple[Preset, ...] = (
    Preset("lexicon/small", Lexicon(words=5, length=4, topics=2)),
    Preset("lexicon/medium", Lexicon()),
    Preset("lexicon/hard", Lexicon(words=500, length=30, topics=4, beta=0.1)),
)

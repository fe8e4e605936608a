"""Write any number of fillers, then answer: only the answer is rewarded, so their length shows the estimator's bias.

state    s_t = (question, tokens so far)   observation: `bits` question tokens, then the tokens written
action   a_t: one of `fillers` filler tokens, A0, A1, and EOS where `eos` is on
dynamics the token is appended; deterministic; the question is uniform over its split (one in five is held out as "test")
reward   1 at the end if the answer is the parity of the question, else 0 (EOS and running out of room included), minus
         overlong * (len - H/2) / (H/2) where more than H/2 tokens were written
end      terminated by an answer, by EOS, or after H tokens
optimum  J* = 1 (answer at once). Uniform policy with one filler, no EOS, H = 8: J0 = (1 - 3^-8) / 2 = .4999 and 1.4998
         fillers on average, with EOS .333 and 1.333 tokens an answer
figures  small J0 0.4938 J* 1.0000; medium J0 0.3333 J* 1.0000; hard J0 0.3333 J* 1.0000
isolates the length bias of dividing by the length; truncation; `fillers` is how likely padding is at the start
source   the length bias of GRPO's 1/len (Liu et al. 2025, "Understanding R1-Zero-like training"); the overlong penalty of
         DAPO (Yu et al. 2025, equation 13)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from envs.api import Doubles, Ints
from envs.splits import select_split
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import check_between, check_least


@dataclass(frozen=True)
class PadAnswer(TextFactory):
    """length: H; bits of the question; fillers: tokens that only take time; eos: whether one can stop without an answer."""

    family_title: ClassVar[str] = "Padded answer"
    splits: ClassVar[tuple[str, ...]] = ("all", "train", "test")

    length: int = 8
    bits: int = 3
    fillers: int = 1
    eos: bool = False
    overlong: float = 0.0

    def check(self) -> None:
        check_least(length=(self.length, 1), fillers=(self.fillers, 0), overlong=(self.overlong, 0))
        check_between(bits=(self.bits, 1, 12))

    @property
    def tokens(self) -> tuple[str, ...]:
        fillers = (f"hm{i}" for i in range(self.fillers))
        return ("", *fillers, "answer0", "answer1", *(["<eos>"] if self.eos else []), "0", "1")

    @property
    def actions(self) -> int:
        return self.fillers + 2 + self.eos

    @property
    def prompt_length(self) -> int:
        return self.bits

    @property
    def horizon(self) -> int:
        return self.length

    @property
    def binary(self) -> bool:
        return self.overlong == 0

    def prompts(self) -> Prompts:
        questions = np.array(list(itertools.product((0, 1), repeat=self.bits)), np.int64)
        return select_split(Prompts(questions + 1 + self.actions, uniform(len(questions))), self.split)

    def _parity(self, rows: Rows) -> Ints:
        parity: Ints = (rows.transcript[:, : self.bits] - 1 - self.actions).sum(1) % 2
        return parity

    def _length_penalty(self, written: int) -> float:
        """The penalty of a text of this length."""
        return self.overlong * max(0.0, written - self.length / 2) / (self.length / 2)

    @property
    def reward_parts(self) -> dict[str, float]:
        return {"answer": 1.0, "length": self.overlong} if self.overlong else super().reward_parts

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        if not self.overlong:
            return None
        move = self.action(rows, t)
        ended = (move >= self.fillers) | (t == self.length - 1)
        right = move - self.fillers == self._parity(rows)
        return np.stack([right, ended * (-self._length_penalty(t + 1) / self.overlong)], 1)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        move = self.action(rows, t)
        ended = (move >= self.fillers) | (t == self.length - 1)
        right = move - self.fillers == self._parity(rows)
        return Response(right - ended * self._length_penalty(t + 1), ended)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        return one_hot(self.fillers + self._parity(rows), self.actions)

    @property
    def worst_episode(self) -> float:
        return -self._length_penalty(self.length)

    def optimal_return(self) -> float:
        return self.final_reward_of(1.0 - self._length_penalty(1))

    def random_return(self) -> float:
        v, total, alive = self.actions, 0.0, 1.0
        for t in range(self.length):
            stops = 1.0 if t == self.length - 1 else 1 - self.fillers / v
            # the parity of all questions is fair, and A0 and A1 are equally likely
            last = stops * self.final_reward_of(0) - stops * self._length_penalty(t + 1)
            right = (self.final_reward_of(1.0) - self.final_reward_of(0.0)) / v
            total += alive * self.gamma**t * (last + right)
            alive *= self.fillers / v
        return total


TASKS: tuple[Preset, ...] = (
    Preset("padanswer/small", PadAnswer(length=4, bits=2)),
    Preset("padanswer/medium", PadAnswer(length=16, bits=3, fillers=2, eos=True)),
    Preset("padanswer/hard", PadAnswer(length=64, bits=8, fillers=9, eos=True)),
)

"""Write numbers in increasing order and stop: a large vocabulary, a long horizon, and one score at the end.

state    s_t = the numbers so far            observation: BOS, then the numbers; id 1 is EOS, id 2 + i the number i
action   a_t = 0: EOS; a_t = 1 + i: the number i, i in {0..M-1}
dynamics the token is appended; deterministic; one prompt, BOS
reward   at the end: sorted_count / max(len, min_tokens / 2), where len counts the numbers and sorted_count how many of them,
         from the first on, were each larger than the one before; 0 for no number at all.
         shaped: the same, with Phi = the score that the numbers so far would get
end      terminated by EOS or after H numbers
optimum  J* = 1 where M and H reach min_tokens / 2 (else the best of all lengths); J0 by a closed sum: the first r numbers
         increase with probability C(M, r) / (M+1)^r
figures  small J0 0.2851 J* 1.0000; medium J0 0.1799 J* 1.0000; hard J0 0.0857 J* 1.0000
isolates comparability with RL4LMs, horizon, vocabulary
source   the increasing-numbers task of RL4LMs (Ramamurthy et al. 2023)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from envs.api import Doubles, Ints
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot
from envs.validation import check_least

EOS = 1
RUN, BROKEN, LAST = 0, 1, 2  # columns of the hidden state: kept, not recomputed


@dataclass(frozen=True)
class Increasing(TextFactory):
    """numbers: M; length: H, the most numbers; min_tokens: half of it is the length from which a sorted text scores 1."""

    first_action: ClassVar[int] = EOS
    reward_modes: ClassVar[tuple[str, ...]] = ("terminal", "shaped")

    numbers: int = 10
    length: int = 8
    min_tokens: int = 8

    def check(self) -> None:
        check_least(numbers=(self.numbers, 1), length=(self.length, 1), min_tokens=(self.min_tokens, 1))

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "<eos>", *(str(i) for i in range(self.numbers)), "<bos>")

    @property
    def actions(self) -> int:
        return 1 + self.numbers

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return self.length

    def prompts(self) -> Prompts:
        return Prompts(np.array([[2 + self.numbers]], np.int64), np.ones(1), np.zeros((1, 3), np.int64))

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        token, hidden = self.action(rows, t), rows.hidden.copy()
        stop = token == 0
        grows = ~stop & (hidden[:, BROKEN] == 0) & (token > hidden[:, LAST])
        hidden[:, RUN] += grows
        hidden[:, BROKEN] |= ~stop & ~grows
        hidden[:, LAST] = np.where(grows, token, hidden[:, LAST])
        written = t + ~stop
        ended = stop | (t == self.length - 1)
        return Response(ended * self._score(hidden[:, RUN], written), ended, hidden=hidden)

    def _score(self, run: Ints, written: Ints) -> Doubles:
        return run / np.maximum(written, self.min_tokens / 2)

    def potential(self, rows: Rows, t: int) -> Doubles:
        return self._score(rows.hidden[:, RUN], np.full(len(rows.hidden), t))

    def _best(self) -> tuple[float, int]:
        """J*, and minus the number of numbers in the shortest optimal text."""
        lengths = range(min(self.numbers, self.length) + 1)
        return max((self._paid(n, n), -n) for n in lengths)

    def _paid(self, run: int, written: int) -> float:
        """Discounted score of a text that ends with this many numbers."""
        score = run / max(written, self.min_tokens / 2) + self.reward_shift
        return self.gamma ** min(written, self.length - 1) * score

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        wanted = -self._best()[1]
        return one_hot(np.full(len(rows.transcript), 1 + t if t < wanted else 0), self.actions)

    @property
    def worst_episode(self) -> float:
        return 0.0

    def optimal_return(self) -> float:
        return self._best()[0]

    def random_return(self) -> float:
        m, h = self.numbers, self.length
        go = m / (m + 1)  # another number
        total = 0.0
        for run in range(h + 1):
            sorted_run = math.comb(m, run) / (m + 1) ** run
            if run == h:
                total += sorted_run * self._paid(h, h)
                break
            total += sorted_run / (m + 1) * self._paid(run, run)
            chance = sorted_run * go - math.comb(m, run + 1) / (m + 1) ** (run + 1)  # the next number breaks the order
            for written in range(run + 1, h + 1):
                stops = 1.0 if written == h else 1 / (m + 1)
                total += chance * stops * self._paid(run, written)
                chance *= go
        return total


TASKS: tuple[Preset, ...] = (
    Preset("increasing/small", Increasing(numbers=4, length=5, min_tokens=6)),
    Preset("increasing/medium", Increasing(numbers=30, length=10, min_tokens=12)),
    Preset("increasing/hard", Increasing(numbers=1_000, length=20, min_tokens=40)),
)

"""A combination lock with a small sure reward: the whole secret pays 1, and stopping at once pays 0.1.

state    s_t = (lock id, tokens so far)   observation: one prompt token for the lock, then the tokens; its secret of L
         tokens is fixed by `instance` and never shown
action   a_t in {0..V-1}; action 0 is EOS, actions 1..V-1 are keys
dynamics the token is appended; deterministic; the lock is uniform over `locks`
reward   paid at the end. EOS as the first token: 0.1. EOS right after the distractor (one wrong first key, the same in
         every lock): 0.1 + d. All L secret keys and then EOS: 1. Anything else: 0
end      terminated by EOS or after L + 1 tokens
optimum  J* = 1 (needs 0.1 + d < 1); local optimum 0.1 + d.
         J0 = 1/V 0.1 + 1/V^2 (0.1 + d) + V^-(L+1)
figures  small J0 0.0594 J* 1.0000; medium J0 0.0360 J* 1.0000; hard J0 0.0172 J* 1.0000
isolates exploration, the entropy bonus, premature convergence to a sure small reward
source   the combination lock (Langford's; Osband et al. 2020 in bsuite's deep sea), made deceptive
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from envs.api import Doubles, Ints
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import check_between, check_least

EOS = 1
EARLY = 0.1
LETTERS = 26


@dataclass(frozen=True)
class Lock(TextFactory):
    """length: L; vocabulary: V, EOS included; distractor: d; locks: number of prompts; instance: seed of the secrets."""

    first_action: ClassVar[int] = EOS

    length: int = 3
    vocabulary: int = 4
    distractor: float = 0.2
    locks: int = 2
    instance: int = 0

    def check(self) -> None:
        check_least(length=(self.length, 2), locks=(self.locks, 1), instance=(self.instance, 0))
        check_between(vocabulary=(self.vocabulary, 4, 1 + LETTERS))  # EOS and a letter a key
        if not 0 <= self.distractor < 1 - EARLY:
            raise ValueError(
                f"distractor must lie in [0, {1 - EARLY}), so that 1 stays the optimum, not {self.distractor}"
            )

    @cached_property
    def secrets(self) -> Ints:
        """Key tokens [locks, L]; never the distractor (the last key) in the first place."""
        rng = np.random.default_rng(self.instance)
        secrets: Ints = rng.integers(EOS + 1, EOS + self.vocabulary, size=(self.locks, self.length), dtype=np.int64)
        secrets[:, 0] = rng.integers(EOS + 1, EOS + self.vocabulary - 1, size=self.locks)
        return secrets

    @property
    def tokens(self) -> tuple[str, ...]:
        keys = (chr(ord("a") + i) for i in range(self.vocabulary - 1))
        return ("", "<eos>", *keys, *(f"lock{i}" for i in range(self.locks)))

    @property
    def actions(self) -> int:
        return self.vocabulary

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return self.length + 1

    def prompts(self) -> Prompts:
        ids = np.arange(self.locks, dtype=np.int64) + EOS + self.vocabulary
        return Prompts(ids[:, None], uniform(self.locks))

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        transcript = rows.transcript
        lock = transcript[:, 0] - EOS - self.vocabulary
        keys, token = transcript[:, 1:], transcript[:, 1 + t]
        ended = token == EOS
        reward = np.zeros(len(transcript))
        if t == 0:
            reward[ended] = EARLY
        if t == 1:
            reward[ended & (keys[:, 0] == EOS + self.vocabulary - 1)] = EARLY + self.distractor
        if t == self.length:
            reward[ended & (keys[:, : self.length] == self.secrets[lock]).all(axis=1)] = 1.0
        return Response(reward, ended)

    def _best(self) -> tuple[float, int]:
        """J*, and minus its number of tokens before EOS; with a discount a short text can be better than the secret."""
        g = self.gamma
        ends = [(EARLY, 0), (EARLY + self.distractor, 1), (1.0, self.length)]
        return max((g**t * (r + self.reward_shift), -t) for r, t in ends)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        stop = -self._best()[1]
        if stop == self.length and t < stop:
            keys = self.secrets[rows.transcript[:, 0] - EOS - self.vocabulary][:, t] - self.first_action
        else:
            keys = np.full(len(rows.transcript), self.vocabulary - 1 if t < stop else 0)
        return one_hot(keys, self.actions)

    @property
    def worst_episode(self) -> float:
        return 0.0

    def optimal_return(self) -> float:
        return self._best()[0]

    def random_return(self) -> float:
        v, g, shift = self.vocabulary, self.gamma, self.reward_shift
        paid = EARLY / v + g * (EARLY + self.distractor) / v**2 + g**self.length * float(v) ** -(self.length + 1)
        stops = sum((g * (v - 1) / v) ** t / v for t in range(self.length))  # EOS after t keys
        return paid + shift * (stops + (g * (v - 1) / v) ** self.length)


TASKS: tuple[Preset, ...] = (
    Preset("lock/small", Lock(length=2, vocabulary=4, locks=2)),
    Preset("lock/medium", Lock(length=2, vocabulary=5, distractor=0.1, locks=4)),
    Preset("lock/hard", Lock(length=8, vocabulary=8, locks=4)),
)

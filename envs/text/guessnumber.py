"""Find a secret number in a dialogue: each guess is answered with higher, lower or correct.

state    s_t = guesses and answers so far; the secret in {0..N-1} is hidden   observation: BOS, then guess and answer in turn
action   a_t in {0..N-1}: the guess
dynamics the secret is uniform; an answer of higher or lower is wrong with probability `noise`, correct never is
reward   -1 a turn, and -1 more after K turns without a right guess: -(K+1) in all
end      terminated when the guess is right, or after K turns
optimum  binary search: E[turns] 3.375 (N = 16), 5.095 (63), 9.010 (1,023) where K suffices; by dynamic programming on the
         number of candidates and the number of turns left. With noise: belief dynamic programming on the tree
         of dialogues, small N and K only.   J0: each guess is right with probability 1/N
figures  small J0 -3.3616 J* -2.2000; noisy-small J0 -2.4074 J* -1.8000; medium J0 -7.0492 J* -3.3750;
         hard J0 -10.1673 J* -5.0952
isolates multi-turn dialogue, partial observation, stopping that the policy controls, discounting
source   twenty questions over numbers; the guess-my-number task of LMRL-Gym (Abdulhai et al. 2023) in its smallest form
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from envs import solver
from envs.api import Doubles, Ints
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import check_between, check_least


@dataclass(frozen=True)
class GuessNumber(TextFactory):
    """numbers: N; turns: K; noise: how often higher and lower are swapped."""

    family_title: ClassVar[str] = "Guess the number"

    numbers: int = 16
    turns: int = 8
    noise: float = 0.0

    def check(self) -> None:
        check_least(numbers=(self.numbers, 2), turns=(self.turns, 1))
        check_between(noise=(self.noise, 0, 0.5))

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", *(str(i) for i in range(self.numbers)), "higher", "lower", "correct", "<bos>")

    @property
    def actions(self) -> int:
        return self.numbers

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def reply_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return self.turns

    @property
    def stochastic(self) -> bool:
        return self.noise > 0

    def prompts(self) -> Prompts:
        n = self.numbers
        return Prompts(np.full((n, 1), n + 4), uniform(n), np.arange(n)[:, None])

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        if not self.noise:
            return None
        right = self.action(rows, t) == rows.hidden[:, 0]
        swapped = np.where(right, 0.0, self.noise)
        return np.stack([1 - swapped, swapped], 1)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        guess, secret = self.action(rows, t), rows.hidden[:, 0]
        right, lower = guess == secret, (guess > secret) ^ (outcome == 1)
        reply = 1 + self.numbers + np.where(right, 2, lower.astype(np.int64))
        return Response(-1.0 - (~right & (t == self.turns - 1)), right, reply[:, None])

    @cached_property
    def _search(self) -> tuple[Doubles, Ints]:
        """W [K+1, N+1]: turns left and numbers left -> m times the expected return; and how many numbers to leave below."""
        n, shift = self.numbers, self.reward_shift
        worth, below = np.zeros((self.turns + 1, n + 1)), np.zeros((self.turns + 1, n + 1), np.int64)
        m = np.arange(1, n + 1)
        worth[1, 1:] = -m - (m - 1) + m * shift
        for k in range(2, self.turns + 1):
            for size in range(1, n + 1):
                both = worth[k - 1, :size] + worth[k - 1, :size][::-1]  # `below` numbers, the guess, the others above
                below[k, size] = both.argmax()
                worth[k, size] = -size + shift + self.gamma * both.max()
        return worth, below

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        if self.noise:
            raise ValueError("with noise the optimal policy has no short form: use envs.solver.solve")
        guesses, replies = self.actions_so_far(rows, t), self.replies(rows, t)[:, :, 0] - 1 - self.numbers
        low = np.where(replies == 0, guesses + 1, 0).max(1, initial=0)
        high = np.where(replies == 1, guesses - 1, self.numbers - 1).min(1, initial=self.numbers - 1)
        left = np.maximum(high - low + 1, 1)
        return one_hot(low + self._search[1][self.turns - t, left], self.actions)

    @property
    def worst_episode(self) -> float:
        return -(self.turns + 1.0)

    def optimal_return(self) -> float:
        if self.noise:
            return solver.optimal_return(self)
        return float(self._search[0][self.turns, self.numbers]) / self.numbers

    def random_return(self) -> float:
        hit, total, alive = 1 / self.numbers, 0.0, 1.0
        for t in range(self.turns):
            last = t == self.turns - 1
            paid = -1 - (1 - hit) * last + self.reward_shift * (1.0 if last else hit)
            total += alive * self.gamma**t * paid
            alive *= 1 - hit
        return total


TASKS: tuple[Preset, ...] = (
    Preset("guessnumber/small", GuessNumber(numbers=5, turns=4)),
    Preset("guessnumber/noisy-small", GuessNumber(numbers=3, turns=3, noise=0.2)),
    Preset("guessnumber/medium", GuessNumber(numbers=16, turns=8)),
    Preset("guessnumber/hard", GuessNumber(numbers=63, turns=10)),
)

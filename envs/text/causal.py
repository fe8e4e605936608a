"""Diagnose: trust a cue that usually agrees with the answer, or pay for a test of its cause.

state    s_t = (symptoms, cue, tests so far); the answer y in {0, 1} is hidden   observation: `symptoms` tokens that are
         independent of y, the cue, then for each action its token and a reply
action   ASK, ANSWER0, ANSWER1
dynamics y is fair; the cue equals y with probability rho (in the split "ood" with rho_ood); each ASK is answered by a test
         that equals y with probability q, independently
reward   1 for the right answer, -c for an ASK
end      terminated by an answer, or after `asks` + 1 actions
optimum  belief dynamic programming on (cue, number of tests that said 1, number that said 0). One ASK: max(rho, q - c).
         With rho .9, q 1, c .05 asking returns .95 and the cue .90; out of distribution asking still returns .95 and the
         cue .10. With rho .7, q .8, c .02 and up to 3 ASKs J* is .8496; asking 3 times every time returns .8360.
         J0 by a closed sum (a random answer is right with probability 1/2)
figures  small J0 0.4222 J* 0.9500; medium J0 0.4840 J* 0.8496; hard J0 0.4975 J* 0.7885
isolates lack of causal understanding, shortcut learning, domain generalisation
source   shortcut learning (Geirhos et al. 2020), as an MDP with a price on information
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from envs.api import Doubles, Ints
from envs.splits import SPLITS, select_split
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows
from envs.validation import check_between, check_least

ASK = 0
TEST, SYMPTOM, CUE = 4, 7, 9  # token ids of the first of each kind


@dataclass(frozen=True)
class Causal(TextFactory):
    """rho, rho_ood: how often the cue agrees; q: how often a test does; cost: c; asks: the most tests that fit."""

    splits: ClassVar[tuple[str, ...]] = SPLITS

    rho: float = 0.9
    rho_ood: float = 0.1
    q: float = 1.0
    cost: float = 0.05
    asks: int = 1
    symptoms: int = 1

    def check(self) -> None:
        check_between(
            rho=(self.rho, 0, 1), rho_ood=(self.rho_ood, 0, 1), q=(self.q, 0.5, 1), symptoms=(self.symptoms, 0, 10)
        )
        check_least(cost=(self.cost, 0), asks=(self.asks, 1))

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "ask", "answer0", "answer1", "test0", "test1", ".", "no", "yes", "cue0", "cue1")

    @property
    def actions(self) -> int:
        return 3

    @property
    def prompt_length(self) -> int:
        return self.symptoms + 1

    @property
    def reply_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return self.asks + 1

    @property
    def agreement(self) -> float:
        """The rate of this split."""
        return self.rho_ood if self.split == "ood" else self.rho

    @property
    def stochastic(self) -> bool:
        return self.q < 1

    def prompts(self) -> Prompts:
        rows, probability, answers = [], [], []
        for *symptoms, cue, y in itertools.product((0, 1), repeat=self.symptoms + 2):
            rows.append([*(SYMPTOM + s for s in symptoms), CUE + cue])
            probability.append(0.5 ** (self.symptoms + 1) * (self.agreement if cue == y else 1 - self.agreement))
            answers.append([y])
        keep = np.array(probability) > 0
        all_of_them = Prompts(np.array(rows)[keep], np.array(probability)[keep], np.array(answers)[keep])
        return select_split(all_of_them, self.split)

    def outcomes(self, rows: Rows, t: int) -> Doubles | None:
        return np.tile([self.q, 1 - self.q], (len(rows.transcript), 1)) if self.stochastic else None

    @property
    def reward_parts(self) -> dict[str, float]:
        return {"answer": 1.0, "tests": self.cost} if self.cost else super().reward_parts

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        if not self.cost:
            return None
        move = self.action(rows, t)
        return np.stack([move - 1 == rows.hidden[:, 0], -1.0 * (move == ASK)], 1)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        move, y = self.action(rows, t), rows.hidden[:, 0]
        asked = move == ASK
        reply = np.where(asked, TEST + np.where(outcome == 0, y, 1 - y), TEST + 2)
        return Response(np.where(asked, -self.cost, move - 1 == y), ~asked, reply[:, None])

    def _posterior(self, cue: int, ones: int, zeros: int) -> float:
        """P(y = 1) after the cue and the tests."""
        for_one = (self.agreement if cue else 1 - self.agreement) * self.q**ones * (1 - self.q) ** zeros
        for_zero = (1 - self.agreement if cue else self.agreement) * (1 - self.q) ** ones * self.q**zeros
        return for_one / (for_one + for_zero) if for_one + for_zero else 0.5

    def _value(self, t: int, cue: int, ones: int, zeros: int) -> tuple[float, int]:
        """V before action t, and its best action."""
        p = self._posterior(cue, ones, zeros)
        answer = max((1 - p + self.reward_shift, 1), (p + self.reward_shift, 2))
        if t == self.asks:
            return answer
        yes = p * self.q + (1 - p) * (1 - self.q)
        ahead = sum(
            chance * self._value(t + 1, cue, ones + one, zeros + 1 - one)[0]
            for chance, one in ((yes, 1), (1 - yes, 0))
            if chance
        )
        return max(answer, (self.gamma * ahead - self.cost, ASK))

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        cue = rows.transcript[:, self.symptoms] - CUE
        reply = self.replies(rows, t)[:, :, 0] - TEST
        states = np.stack([cue, (reply == 1).sum(1), (reply == 0).sum(1)], 1)
        policy = np.zeros((len(states), 3))
        for state in np.unique(states, axis=0):
            policy[(states == state).all(1), self._value(t, *state.tolist())[1]] = 1
        return policy

    @property
    def worst_episode(self) -> float:
        return -self.cost * self.horizon

    def optimal_return(self) -> float:
        return self._value(0, 1, 0, 0)[0]  # both cues are alike

    def random_return(self) -> float:
        total = 0.0
        for t in range(self.horizon):
            ends = self.reward_shift * (1 if t == self.asks else 2 / 3)
            total += (self.gamma / 3) ** t * (1 / 3 - self.cost / 3 + ends)
        return total


TASKS: tuple[Preset, ...] = (
    Preset("causal/small", Causal()),
    Preset("causal/medium", Causal(rho=0.7, rho_ood=0.3, q=0.8, cost=0.02, asks=3, symptoms=3)),
    Preset("causal/hard", Causal(rho=0.6, rho_ood=0.4, q=0.65, cost=0.005, asks=8, symptoms=6)),
)

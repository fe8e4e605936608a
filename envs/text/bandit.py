"""An episode is one action, and its reward is a coin flip: the smallest problem for a policy gradient.

state    s_0 = the context, uniform over X            observation: one token; ids 1..V are actions, V+1..V+X contexts
action   a in {0..V-1}
dynamics the episode is one step
reward   Bernoulli r(x, a): in each context one action pays with probability `best`, the others with probabilities
         that start `gap` below it and fall as (1 - u)^skew, u uniform; the table is drawn once from `instance`.
         null: r(x, a) = 1/2 whatever the action, so the true gradient is 0
end      terminated after one action
optimum  J* = best, J0 = mean of the table (enumeration); null: every policy has J = 1/2
figures  small J0 0.3137 J* 0.9000; medium J0 0.2589 J* 0.9000; hard J0 0.2933 J* 0.9000;
         null-small J0 0.5000 J* 0.5000; null-medium J0 0.5000 J* 0.5000
isolates the log-derivative trick and the size of the action space; null: drift from noise and clipping alone
source   the contextual bandit; the null control is ours
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from envs.api import Doubles, Ints, Task
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import check_least


@dataclass(frozen=True)
class Bandit(TextFactory):
    """V: number of actions; contexts: X; best, gap, skew: the reward table; instance: its seed; null: no signal at all."""

    bernoulli: ClassVar[bool] = True

    arms: int = 10
    contexts: int = 4
    best: float = 0.9
    gap: float = 0.1
    skew: float = 2.0
    instance: int = 0
    null: bool = False

    def check(self) -> None:
        check_least(arms=(self.arms, 2), contexts=(self.contexts, 1), instance=(self.instance, 0))
        if not 0 < self.gap <= self.best <= 1:
            raise ValueError(f"needs 0 < gap <= best <= 1, not gap {self.gap} and best {self.best}")
        check_least(skew=(self.skew, 0))  # below 0, (1 - u)^skew exceeds 1 and is no probability

    @cached_property
    def table(self) -> Doubles:
        """r(x, a) [X, V]."""
        if self.null:
            return np.full((self.contexts, self.arms), 0.5)
        rng = np.random.default_rng(self.instance)
        fall = (1 - rng.random((self.contexts, self.arms))) ** self.skew
        table = (self.best - self.gap) * fall
        table[np.arange(self.contexts), rng.integers(self.arms, size=self.contexts)] = self.best
        return table

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", *(f"arm{i}" for i in range(self.arms)), *(f"context{i}" for i in range(self.contexts)))

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return 1

    def prompts(self) -> Prompts:
        contexts = np.arange(self.contexts, dtype=np.int64) + self.first_action + self.arms
        return Prompts(contexts[:, None], uniform(self.contexts))

    def _context(self, rows: Rows) -> Ints:
        return rows.transcript[:, 0] - self.first_action - self.arms

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        reward = self.table[self._context(rows), self.action(rows, 0)]
        return Response(reward, np.ones(len(reward), np.bool_))

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        return one_hot(self.table.argmax(1)[self._context(rows)], self.actions)

    @property
    def worst_episode(self) -> float:
        return 0.0

    def optimal_return(self) -> float:
        return float(self.final_reward(self.table.max(1)).mean())

    def random_return(self) -> float:
        return float(self.final_reward(self.table).mean())


def _null(name: str, mdp: Bandit) -> Task:
    """A task without an optimum to approach: scores are read as the drift from 1/2 in units of reward."""
    return Task(name, mdp, 0.5, 1.5, float("inf"), "text", "the reward does not depend on the action")


TASKS: tuple[Preset, ...] = (
    Preset("bandit/small", Bandit(arms=10, contexts=4)),
    Preset("bandit/medium", Bandit(arms=100, contexts=8)),
    Preset("bandit/hard", Bandit(arms=10_000, contexts=8, gap=0.02)),
    Preset("bandit/null-small", Bandit(arms=10, contexts=4, null=True), _null),
    Preset("bandit/null-medium", Bandit(arms=100, contexts=8, null=True), _null),
)

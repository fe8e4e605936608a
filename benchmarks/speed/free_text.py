"""A task over all tokens of a model, without any labels: what is raced against other libraries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.api import Doubles, Ints, Task
from envs.language.env import LanguageMDP
from envs.text_mdp import Response, Rows


@dataclass(frozen=True, kw_only=True)
class FreeText(LanguageMDP):
    """Continue one of these prompts with up to `longest` tokens; the end token ends a text.

    reward   the share of the tokens that belong to the first half of the vocabulary, paid at the end
    """

    openings: tuple[tuple[int, ...], ...]
    longest: int

    @property
    def beginnings(self) -> tuple[tuple[int, ...], ...]:
        return self.openings

    @property
    def action_tokens(self) -> None:
        return None

    @property
    def horizon(self) -> int:
        return self.longest

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        written = self.actions_so_far(rows, t + 1)
        ended = (written[:, -1] == self.model.load().end) | (t == self.longest - 1)
        return Response(np.where(ended, (written < self.actions // 2).mean(1), 0.0), ended)

    def optimal_return(self) -> float:
        return 1.0

    def random_return(self) -> float:
        return 0.5

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        raise NotImplementedError


def free_text_task(mdp: FreeText, beta: float) -> Task:
    """The Task of this MDP with this weight of the KL to the frozen model."""
    return Task("free text", mdp, floor=0.5, ceiling=1.0, field="language", beta=beta)

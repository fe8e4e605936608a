"""Text MDPs that can be listed: those of the registry, and one to reckon with by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs import TASKS
from envs.api import Doubles, Ints
from envs.enumeration import enumerable
from envs.text_env import TextFactory
from envs.text_mdp import Prompts, Response, Rows, TextMDP

SMALL = [n for n, t in TASKS.items() if isinstance(t.factory, TextMDP) and enumerable(t.factory, 100_000)]


@dataclass(frozen=True)
class Toll(TextFactory):
    """Two prompts of unequal probability. Action 0 pays 3 in prompt A, 5 in B and ends; action 1 pays 1 and goes on."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "stop", "go", "A", "B")

    @property
    def actions(self) -> int:
        return 2

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return 2

    def prompts(self) -> Prompts:
        return Prompts(np.array([[3], [4]]), np.array([0.7, 0.3]))

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        stops = self.action(rows, t) == 0
        return Response(np.where(stops, 2.0 * rows.transcript[:, 0] - 3.0, 1.0), stops)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        return np.tile([0.0, 1.0] if t == 0 else [1.0, 0.0], (len(rows.transcript), 1))

    def optimal_return(self) -> float:
        return 0.7 * 4 + 0.3 * 6 + self.reward_shift  # go, then stop

    def random_return(self) -> float:
        # A: stop 3, go-stop 4, go-go 2 with 1/2, 1/4, 1/4; B: 5, 6, 2
        return 0.7 * 3.0 + 0.3 * 4.5 + self.reward_shift

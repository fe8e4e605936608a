"""Write a balanced string of brackets: many right answers, and structure that reaches from an opening to its closing.

state    s_t = the brackets so far             observation: BOS, then the brackets; ids 2..2k+1
action   a_t in {0..2k-1}: opening bracket of kind a_t if a_t < k, else closing bracket of kind a_t - k
dynamics the bracket is appended; deterministic; there is one prompt, BOS
reward   terminal: 1 at the end if the 2n brackets are balanced, else 0.
         dense: 1/2n for each legal move. A move is legal if the string can still be completed
end      terminated after 2n brackets, or at the first illegal move (which pays 0, the worst there is)
optimum  J* = 1, reached by Catalan(n) k^n strings. Uniform policy: terminal J0 = C_n k^n / (2k)^2n (n = 4: .0547 for
         k = 1, 3.4e-3 for k = 2); dense: dynamic programming on (steps left, depth). With the mask only legal moves
         exist, so every policy has J = 1: what is left to see is how its entropy falls
isolates structure, action masks, entropy collapse among equal optima (at most log(C_n k^n) nats: n = 4, k = 2: 5.41)
source   Dyck languages as a probe of sequence models (Hewitt et al. 2020)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, get_args

import numpy as np

from envs.api import Bools, Ints, Task
from envs.transcript import Doubles, Prompts, TextMDP, text_task

RewardMode = Literal["terminal", "dense"]
BOS = 1
OPENING, CLOSING = "([{<", ")]}>"


@dataclass(frozen=True)
class Dyck(TextMDP):
    """pairs: n; kinds: k; mask: only legal moves are offered; reward_mode: when and what is paid."""

    first_action: ClassVar[int] = 2

    pairs: int = 3
    kinds: int = 1
    mask: bool = False
    reward_mode: RewardMode = "dense"

    def __post_init__(self) -> None:
        if self.pairs < 1 or not 1 <= self.kinds <= len(OPENING):
            raise ValueError(f"needs 1 pair at least and 1 to {len(OPENING)} kinds, not {self.pairs} and {self.kinds}")
        if self.reward_mode not in get_args(RewardMode):
            raise ValueError(f"reward_mode {self.reward_mode!r} is none of {', '.join(get_args(RewardMode))}")

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "<bos>", *OPENING[: self.kinds], *CLOSING[: self.kinds])

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return 2 * self.pairs

    def prompts(self) -> Prompts:
        return Prompts(np.array([[BOS]], np.int64), np.ones(1))

    def _stack(self, transcript: Ints, t: int) -> tuple[Ints, Ints]:
        """Depth [M] after t brackets and the kind [M] of the innermost open one (-1 where none is)."""
        rows = np.arange(len(transcript))
        depth = np.zeros(len(transcript), np.int64)
        stack = np.full((len(transcript), self.horizon + 1), -1, np.int64)
        for i in range(t):
            move = transcript[:, 1 + i] - self.first_action
            opening = (move >= 0) & (move < self.kinds)
            depth = np.where(opening, np.minimum(depth + 1, self.horizon), np.maximum(depth - 1, 0))
            stack[rows[opening], depth[opening]] = move[opening]
        return depth, stack[rows, depth]

    def moves(self, transcript: Ints, t: int) -> Bools:
        """[M, 2k]: moves after which the string can still be completed: room to close, and the right kind."""
        depth, kind = self._stack(transcript, t)
        opens = np.repeat((depth + 1 <= self.horizon - t - 1)[:, None], self.kinds, axis=1)
        closes = (depth > 0)[:, None] & (np.arange(self.kinds) == kind[:, None])
        return np.concatenate([opens, closes], axis=1)

    def legal(self, transcript: Ints, t: int) -> Bools | None:
        return self.moves(transcript, t) if self.mask else None

    def respond(self, transcript: Ints, t: int) -> tuple[Doubles, Bools]:
        move = np.maximum(transcript[:, 1 + t] - self.first_action, 0)
        good = self.moves(transcript, t)[np.arange(len(transcript)), move]
        last = t == self.horizon - 1
        reward = good / self.horizon if self.reward_mode == "dense" else (good & last).astype(np.float64)
        return reward, ~good | last

    def optimal_return(self) -> float:
        return 1.0 + self.reward_shift

    def random_return(self) -> float:
        if self.mask:
            return 1.0 + self.reward_shift
        if self.reward_mode == "terminal":
            catalan = math.comb(2 * self.pairs, self.pairs) // (self.pairs + 1)
            return float(catalan * self.kinds**self.pairs / (2 * self.kinds) ** self.horizon) + self.reward_shift
        return _legal_moves(self.horizon, 0, self.kinds) / self.horizon + self.reward_shift


@cache
def _legal_moves(left: int, depth: int, kinds: int) -> float:
    """Expected number of legal moves before the first illegal one, uniform policy, `left` brackets to go."""
    if left == 0:
        return 0.0
    opens = 0.5 * (1 + _legal_moves(left - 1, depth + 1, kinds)) if depth + 1 <= left - 1 else 0.0
    closes = (1 + _legal_moves(left - 1, depth - 1, kinds)) / (2 * kinds) if depth > 0 else 0.0
    return opens + closes


def _masked(name: str, mdp: Dyck) -> Task:
    """Every policy is optimal under the mask: scores are read as the distance from 1 in units of reward."""
    return Task(name, mdp, 0.0, mdp.optimal_return(), float("inf"), "text", "every legal string is balanced")


TASKS: tuple[Task, ...] = (
    text_task("dyck/small", Dyck(pairs=3, kinds=1)),
    text_task("dyck/medium", Dyck(pairs=8, kinds=2)),
    text_task("dyck/sparse-small", Dyck(pairs=3, kinds=1, reward_mode="terminal")),
    text_task("dyck/sparse-medium", Dyck(pairs=4, kinds=2, reward_mode="terminal")),
    _masked("dyck/masked-small", Dyck(pairs=3, kinds=2, mask=True, reward_mode="terminal")),
    _masked("dyck/masked-medium", Dyck(pairs=6, kinds=2, mask=True, reward_mode="terminal")),
)

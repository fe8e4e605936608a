"""Write a balanced string of brackets: many answers are right, and each closing bracket depends on an earlier one.

state    s_t = the brackets so far             observation: BOS, then the brackets; ids 2..2k+1
action   a_t in {0..2k-1}: opening bracket of kind a_t if a_t < k, else closing bracket of kind a_t - k
dynamics the bracket is appended; deterministic; there is one prompt, BOS
reward   terminal: 1 at the end if the 2n brackets are balanced, else 0.
         dense: 1/2n for each legal move. A move is legal if the string can still be completed.
         shaped: terminal, with Phi = t/2n as long as all moves were legal
end      terminated after 2n brackets, or at the first illegal move (which pays 0, the lowest reward)
optimum  J* = 1, reached by Catalan(n) k^n strings. Uniform policy: terminal J0 = C_n k^n / (2k)^2n (n = 4: .0547 for
         k = 1, 3.4e-3 for k = 2); dense: dynamic programming on (steps left, depth). With the mask all moves are
         legal, so every policy has J = 1; such a run shows how the entropy falls
figures  small J0 0.3203 J* 1.0000; medium J0 0.1099 J* 1.0000; hard J0 0.0000 J* 1.0000;
         sparse-small J0 0.0781 J* 1.0000; sparse-medium J0 0.0034 J* 1.0000; masked-small J0 1.0000 J* 1.0000;
         masked-medium J0 1.0000 J* 1.0000
isolates structure, action masks, entropy collapse among equal optima (at most log(C_n k^n) nats: n = 4, k = 2: 5.41)
source   Dyck languages as a probe of sequence models (Hewitt et al. 2020)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from envs.api import Bools, Doubles, Ints, Task
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows
from envs.validation import check_between, check_least

BOS = 1
OPENING, CLOSING = "([{<", ")]}>"


@dataclass(frozen=True)
class Dyck(TextFactory):
    """pairs: n; kinds: k; mask: only legal moves are offered."""

    first_action: ClassVar[int] = 2
    reward_modes: ClassVar[tuple[str, ...]] = ("dense", "terminal", "shaped")

    reward_mode: str = "dense"
    pairs: int = 3
    kinds: int = 1
    mask: bool = False

    def check(self) -> None:
        check_least(pairs=(self.pairs, 1))
        check_between(kinds=(self.kinds, 1, len(OPENING)))

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "<bos>", *OPENING[: self.kinds], *CLOSING[: self.kinds])

    @property
    def actions(self) -> int:
        return 2 * self.kinds

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return 2 * self.pairs

    @property
    def binary(self) -> bool:
        return self.reward_mode != "dense"

    def prompts(self) -> Prompts:
        # hidden: the depth, then the kinds of the open brackets from the outermost on (kept, not recomputed)
        return Prompts(np.array([[BOS]], np.int64), np.ones(1), np.zeros((1, self.pairs + 2), np.int64))

    def moves(self, rows: Rows, t: int) -> Bools:
        """[M, 2k]: moves after which the string can still be completed: room to close, and the right kind."""
        depth = rows.hidden[:, 0]
        kind = np.take_along_axis(rows.hidden, depth[:, None], 1)  # of the innermost open bracket
        opens = np.repeat((depth + 1 <= self.horizon - t - 1)[:, None], self.kinds, axis=1)
        closes = (depth > 0)[:, None] & (np.arange(self.kinds) == kind)
        return np.concatenate([opens, closes], axis=1)

    def legal(self, rows: Rows, t: int) -> Bools | None:
        return self.moves(rows, t) if self.mask else None

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        move, each = self.action(rows, t), np.arange(len(rows.transcript))
        good, last = self.moves(rows, t)[each, move], t == self.horizon - 1
        hidden, opening = rows.hidden.copy(), good & (move < self.kinds)
        hidden[:, 0] += np.where(good, np.where(opening, 1, -1), 0)
        hidden[each[opening], hidden[opening, 0]] = move[opening]
        reward = (good & last).astype(np.float64) if self.binary else good / self.horizon
        return Response(reward, ~good | last, hidden=hidden)

    def potential(self, rows: Rows, t: int) -> Doubles:
        return np.full(len(rows.transcript), t / self.horizon)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        moves = self.moves(rows, t).astype(np.float64)  # every balanced string is optimal, so any legal move
        return moves / np.maximum(moves.sum(1, keepdims=True), 1)

    @property
    def worst_episode(self) -> float:
        return 0.0

    def optimal_return(self) -> float:
        if self.binary:
            return self.gamma ** (self.horizon - 1) * self.final_reward_of(1)
        paid = sum(self.gamma**t for t in range(self.horizon)) / self.horizon
        return paid + self.gamma ** (self.horizon - 1) * self.reward_shift

    def random_return(self) -> float:
        return self.optimal_return() if self.mask else self._random(self.horizon, 0, {})

    def _random(self, left: int, depth: int, known: dict[tuple[int, int], float]) -> float:
        """Expected return of the uniform policy with `left` brackets to go."""
        if (left, depth) not in known:
            step = 0.0 if self.binary else 1 / self.horizon
            wrong = self.final_reward_of(0)
            if left == 1:
                right = self.final_reward_of(1) if self.binary else step + self.reward_shift
                closes = 1 / self.actions if depth == 1 else 0.0
                known[left, depth] = closes * right + (1 - closes) * wrong
            else:
                opens = 0.5 if depth + 1 <= left - 1 else 0.0
                closes = 1 / self.actions if depth else 0.0
                total = (1 - opens - closes) * wrong
                for chance, to in ((opens, depth + 1), (closes, depth - 1)):
                    if chance:
                        total += chance * (step + self.gamma * self._random(left - 1, to, known))
                known[left, depth] = total
        return known[left, depth]


def _masked(name: str, mdp: Dyck) -> Task:
    """Every policy is optimal under the mask: scores are read as the distance from 1 in units of reward."""
    return Task(name, mdp, 0.0, mdp.optimal_return(), float("inf"), "text", "every legal string is balanced")


TASKS: tuple[Preset, ...] = (
    Preset("dyck/small", Dyck(pairs=3, kinds=1)),
    Preset("dyck/medium", Dyck(pairs=8, kinds=2)),
    Preset("dyck/hard", Dyck(pairs=10, kinds=2, reward_mode="terminal")),
    Preset("dyck/sparse-small", Dyck(pairs=3, kinds=1, reward_mode="terminal")),
    Preset("dyck/sparse-medium", Dyck(pairs=4, kinds=2, reward_mode="terminal")),
    Preset("dyck/masked-small", Dyck(pairs=3, kinds=2, mask=True, reward_mode="terminal"), _masked),
    Preset("dyck/masked-medium", Dyck(pairs=6, kinds=2, mask=True, reward_mode="terminal"), _masked),
)

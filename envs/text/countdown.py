"""Write an expression of the given numbers that equals the target: a reward of 0 or 1, on prompts of unequal difficulty.

state    s_t = (numbers, target, expression so far)   observation: the numbers in rising order (a digit each), the target's
         two digits, then the expression in postfix
action   slot a, b, c (d): the first, second, ... number; or an operation of + - *
dynamics the token is appended; deterministic. Prompts are uniform over multisets of `numbers` digits 1..highest times
         targets 1..targets, only the solvable ones unless `solvable` is off. One in five is held out as "test"; "ood" has
         the targets above `targets`, up to 1.5 times as large
reward   at the end 1 if the value is the target, `format_weight` for any other complete expression; each number is used once
end      terminated after 2 n - 1 tokens, or at a token after which no expression is possible (which pays 0)
optimum  J* = 1 on solvable prompts (3 numbers 1..9, targets 1..50: 1,574 of 8,250 prompts); J0 by listing all
         expressions
figures  small J0 0.0029 J* 1.0000; medium J0 0.0022 J* 1.0000; hard J0 0.0001 J* 1.0000
isolates verifiable sparse reward; prompts of unequal difficulty: bias of dividing by a group's deviation, groups without
         variance; format hacking
source   the Countdown game of TinyZero and "Stream of Search" (Gandhi et al. 2024), in postfix
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from envs.api import Bools, Doubles, Ints
from envs.splits import SPLITS, select_split
from envs.text_env import Preset, TextFactory
from envs.text_mdp import Prompts, Response, Rows, one_hot, uniform
from envs.validation import check_between

OPERATIONS = "+-*"
SLOTS = "abcd"
DEPTH, USED, STACK = 0, 1, 2  # columns of the hidden state: kept, not recomputed


def _apply(operation: str, a: Ints, b: Ints) -> Ints:
    return a + b if operation == "+" else a - b if operation == "-" else a * b


@dataclass(frozen=True)
class Countdown(TextFactory):
    """numbers: n; highest digit; targets: the largest; operations; format_weight; solvable: only prompts with a solution."""

    splits: ClassVar[tuple[str, ...]] = SPLITS

    numbers: int = 3
    highest: int = 9
    targets: int = 50
    operations: str = OPERATIONS
    format_weight: float = 0.1
    solvable: bool = True
    mask: bool = False

    def check(self) -> None:
        check_between(
            numbers=(self.numbers, 2, len(SLOTS)), highest=(self.highest, 1, 9), targets=(self.targets, 1, 66),
            format_weight=(self.format_weight, 0, 1),
        )  # fmt: skip
        if self.split == "ood" and self.targets < 2:
            raise ValueError(f"split 'ood' needs targets of 2 at least, not {self.targets}: its own lie above them")
        if not self.operations or set(self.operations) - set(OPERATIONS):
            raise ValueError(f"operations must be some of {OPERATIONS!r}, not {self.operations!r}")

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", *SLOTS[: self.numbers], *self.operations, *(str(i) for i in range(10)))

    @property
    def actions(self) -> int:
        return self.numbers + len(self.operations)

    @property
    def prompt_length(self) -> int:
        return self.numbers + 2

    @property
    def horizon(self) -> int:
        return 2 * self.numbers - 1

    @property
    def binary(self) -> bool:
        return self.format_weight == 0

    @cached_property
    def _number_sets(self) -> Ints:
        """The multisets of numbers [hands, n], in rising order."""
        digits = range(1, self.highest + 1)
        return np.array(list(itertools.combinations_with_replacement(digits, self.numbers)))

    @cached_property
    def _expressions(self) -> tuple[Ints, Ints, Doubles]:
        """All complete expressions [E, T], their values [E, hands], and their probability under random legal moves [E]."""
        n, found = self.numbers, []
        hands = self._number_sets.T

        def grow(moves: tuple[int, ...], used: int, stack: tuple[Ints, ...], chance: float) -> None:
            free = [i for i in range(n) if not used >> i & 1]
            operations = range(len(self.operations)) if len(stack) > 1 else ()
            if not free and not operations:
                found.append((moves, stack[0], chance))
                return
            share = chance / (len(free) + len(operations))
            for i in free:
                grow((*moves, i), used | 1 << i, (*stack, hands[i]), share)
            for j in operations:
                value = _apply(self.operations[j], stack[-2], stack[-1])
                grow((*moves, n + j), used, (*stack[:-2], value), share)

        grow((), 0, (), 1.0)
        moves, values, chances = zip(*found, strict=True)
        return np.array(moves), np.stack(values), np.array(chances)

    @property
    def _range(self) -> range:
        """The targets of this split."""
        top = self.targets
        return range(top + 1, top + top // 2 + 1) if self.split == "ood" else range(1, top + 1)

    @cached_property
    def _solutions(self) -> Ints:
        """How many expressions reach each target [hands, targets of the split]."""
        values = self._expressions[1]
        return np.stack([(values == target).sum(0) for target in self._range], 1)

    def prompts(self) -> Prompts:
        hand, place = np.nonzero(self._solutions >= (1 if self.solvable else 0))
        if not len(hand):
            raise ValueError(f"no target of 1..{self.targets} can be reached with digits up to {self.highest}")
        target = np.array(self._range)[place]
        digits = np.concatenate([self._number_sets[hand], (target // 10)[:, None], (target % 10)[:, None]], axis=1)
        # hidden: depth of the stack, the numbers used, the stack
        hidden = np.zeros((len(digits), 2 + self.numbers), np.int64)
        return select_split(Prompts(digits + 1 + self.actions, uniform(len(digits)), hidden), self.split)

    def _numbers(self, rows: Rows) -> tuple[Ints, Ints]:
        """Digits [M, n] and target [M] of the prompts."""
        digits = rows.transcript[:, : self.prompt_length] - 1 - self.actions
        return digits[:, : self.numbers], 10 * digits[:, -2] + digits[:, -1]

    def moves(self, rows: Rows, t: int) -> Bools:
        """[M, V]: unused numbers, and operations where two values wait: exactly what leads to a complete expression."""
        free = (rows.hidden[:, USED, None] >> np.arange(self.numbers) & 1) == 0
        operate = np.repeat(rows.hidden[:, DEPTH, None] > 1, len(self.operations), axis=1)
        return np.concatenate([free, operate], axis=1)

    def legal(self, rows: Rows, t: int) -> Bools | None:
        return self.moves(rows, t) if self.mask else None

    @property
    def reward_parts(self) -> dict[str, float]:
        if not 0 < self.format_weight < 1:
            return super().reward_parts
        return {"answer": 1 - self.format_weight, "format": self.format_weight}

    def parts(self, rows: Rows, t: int) -> Doubles | None:
        if len(self.reward_parts) == 1:
            return None
        paid = self.respond(rows, t, np.zeros(len(rows.transcript), np.int64)).reward
        return np.stack([paid == 1, paid > 0], 1).astype(np.float64)

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        move, each = self.action(rows, t), np.arange(len(rows.transcript))
        digits, target = self._numbers(rows)
        good, hidden = self.moves(rows, t)[each, move], rows.hidden.copy()
        push = good & (move < self.numbers)
        hidden[push, STACK + hidden[push, DEPTH]] = digits[push, move[push]]
        hidden[push, USED] |= 1 << move[push]
        hidden[push, DEPTH] += 1
        for j, operation in enumerate(self.operations):
            on = each[good & (move == self.numbers + j)]
            top = STACK + hidden[on, DEPTH] - 1
            hidden[on, top - 1] = _apply(operation, hidden[on, top - 1], hidden[on, top])
            hidden[on, DEPTH] -= 1
        last = t == self.horizon - 1
        reward = np.where(hidden[:, STACK] == target, 1.0, self.format_weight)
        return Response(reward * (good & last), ~good | last, hidden=hidden)

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        moves, values, _ = self._expressions
        digits, target = self._numbers(rows)
        hand = (self._number_sets[None] == digits[:, None]).all(2).argmax(1)
        right = values[:, hand] == target  # [E, M]; the first of the solutions, or of all where there is none
        return one_hot(moves[right.argmax(0), t], self.actions)

    @property
    def worst_episode(self) -> float:
        return 0.0

    def optimal_return(self) -> float:
        end = self.gamma ** (self.horizon - 1)
        solved = self._chance_of(np.minimum(self._solutions, 1))
        return end * self.final_reward_of(solved + (1 - solved) * self.format_weight)

    def random_return(self) -> float:
        _, values, chances = self._expressions
        share = chances if self.mask else np.full(len(chances), float(self.actions) ** -self.horizon)
        right = np.stack([share @ (values == target) for target in self._range], 1)
        solved, complete = self._chance_of(right), float(share.sum())
        end = self.gamma ** (self.horizon - 1)
        return end * self.final_reward_of(solved + (complete - solved) * self.format_weight)

    def _chance_of(self, table: np.ndarray) -> float:
        """The mean over the prompts of a table [hands, targets of the split]."""
        prompts = self.prompts()
        digits, target = self._numbers(Rows(prompts.tokens, np.zeros((0, 0), np.int64)))
        hand = {tuple(h): i for i, h in enumerate(self._number_sets.tolist())}
        place = np.array([hand[tuple(d)] for d in digits.tolist()])
        return float(table[place, target - self._range[0]] @ prompts.probability)


TASKS: tuple[Preset, ...] = (
    Preset("countdown/small", Countdown(highest=3, targets=8)),
    Preset("countdown/medium", Countdown()),
    Preset("countdown/hard", Countdown(numbers=4, format_weight=0.0)),
)

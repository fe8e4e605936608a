"""Rewrite a prompt of L symbols (copy, reverse, sort, caesar): many prompts, one right answer each.

state    s_t = (prompt, answer so far)   observation: L symbols, SEP, the answer so far; ids 2..n+1 are symbols
action   a_t in {0..n-1}: the next symbol of the answer
dynamics the symbol is appended; deterministic; the prompt is uniform over the n^L strings
reward   dense: 1/L for each right symbol; terminal: the fraction of right symbols, paid at the end;
         exact: 1 at the end if every symbol is right, else 0
end      terminated after L symbols; never truncated
optimum  J* = 1; uniform policy J0 = 1/n (dense, terminal), n^-L (exact): each symbol is right with probability 1/n
isolates sparse against dense reward, horizon L, vocabulary n, generalisation over prompts; with `reward_shift` 1 the
         variance that a return without a baseline carries
source   the copy, reverse and sort tasks of sequence models (Graves et al. 2014; Zaremba and Sutskever 2015)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from envs.api import Bools, Ints, Task
from envs.transcript import Doubles, Prompts, TextMDP, draw_symbols, text_task

Operation = Literal["copy", "reverse", "sort", "caesar"]
RewardMode = Literal["dense", "terminal", "exact"]
SEP = 1
LISTABLE = 100_000


@dataclass(frozen=True)
class Transduce(TextMDP):
    """operation: what to answer; symbols: n; length: L; reward_mode: when and what is paid."""

    first_action: ClassVar[int] = 2

    operation: Operation = "copy"
    symbols: int = 4
    length: int = 4
    reward_mode: RewardMode = "dense"

    def __post_init__(self) -> None:
        if self.operation not in get_args(Operation):
            raise ValueError(f"operation {self.operation!r} is none of {', '.join(get_args(Operation))}")
        if self.reward_mode not in get_args(RewardMode):
            raise ValueError(f"reward_mode {self.reward_mode!r} is none of {', '.join(get_args(RewardMode))}")
        if self.symbols < 2 or self.length < 1:
            raise ValueError(f"needs 2 symbols and length 1 at least, not {self.symbols} and {self.length}")

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "=>", *(str(i) for i in range(self.symbols)))

    @property
    def prompt_length(self) -> int:
        return self.length + 1

    @property
    def horizon(self) -> int:
        return self.length

    def prompts(self) -> Prompts:
        count = self.symbols**self.length
        if count > LISTABLE:
            raise ValueError(f"{count} prompts are too many to list (at most {LISTABLE})")
        strings = np.array(list(itertools.product(range(self.symbols), repeat=self.length)), np.int64)
        return Prompts(self._with_separator(strings + self.first_action), np.full(count, 1.0 / count))

    def sample_prompts(self, rng: np.random.Generator, n: int) -> Ints:
        return self._with_separator(draw_symbols(rng, (n, self.length), self.symbols, self.first_action))

    def answer(self, prompt: Ints) -> Ints:
        """The right answer [M, L] to prompts [M, L], as token ids."""
        if self.operation == "reverse":
            return prompt[:, ::-1]
        if self.operation == "sort":
            return np.sort(prompt, axis=1)
        if self.operation == "caesar":
            return (prompt - self.first_action + 1) % self.symbols + self.first_action
        return prompt

    def respond(self, transcript: Ints, t: int) -> tuple[Doubles, Bools]:
        k, last = self.prompt_length, t == self.horizon - 1
        right = transcript[:, k : k + t + 1] == self.answer(transcript[:, : self.length])[:, : t + 1]
        ended = np.full(len(transcript), last)
        if self.reward_mode == "dense":
            return right[:, -1] / self.length, ended
        earned = right.all(axis=1).astype(np.float64) if self.reward_mode == "exact" else right.mean(axis=1)
        return earned * last, ended

    def optimal_return(self) -> float:
        return 1.0 + self.reward_shift

    def random_return(self) -> float:
        chance = self.symbols**-self.length if self.reward_mode == "exact" else 1 / self.symbols
        return float(chance) + self.reward_shift

    @staticmethod
    def _with_separator(symbols: Ints) -> Ints:
        return np.concatenate([symbols, np.full((len(symbols), 1), SEP, np.int64)], axis=1)


_SIZES: dict[str, dict[str, Any]] = {
    "small": {"symbols": 4, "length": 4},
    "medium": {"symbols": 5, "length": 5},
    "hard": {"symbols": 8, "length": 8},
}

TASKS: tuple[Task, ...] = (
    *(
        text_task(f"transduce/{operation}-{size}", Transduce(operation=operation, **knobs))
        for operation in get_args(Operation)
        for size, knobs in _SIZES.items()
    ),
    text_task("transduce/copy-shifted", Transduce(reward_shift=1.0)),
)

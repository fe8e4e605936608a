"""Rewrite a prompt of L symbols (copy, reverse, sort, caesar): many prompts, one right answer each.

state    s_t = (prompt, answer so far)   observation: L symbols, SEP, the answer so far; ids 2..n+1 are symbols; prompts
         shorter than the longest are padded on the left
action   a_t in {0..n-1}: the next symbol of the answer
dynamics the symbol is appended; deterministic; the prompt is uniform over the n^L strings of its split: one in five is
         held out as "test", "ood" has the longer prompts of `longest` symbols
reward   dense: 1/L for each right symbol; terminal: the fraction of right symbols, paid at the end;
         exact: 1 at the end if every symbol is right, else 0; shaped: exact, with Phi = right symbols so far / L
end      terminated after L symbols; never truncated
optimum  J* = 1; uniform policy J0 = 1/n (dense, terminal), n^-L (exact, shaped): each symbol is right with probability 1/n
figures  copy-small J0 0.2500 J* 1.0000; copy-medium J0 0.2000 J* 1.0000; copy-hard J0 0.1250 J* 1.0000;
         reverse-small J0 0.2500 J* 1.0000; reverse-medium J0 0.2000 J* 1.0000; reverse-hard J0 0.1250 J* 1.0000;
         sort-small J0 0.2500 J* 1.0000; sort-medium J0 0.2000 J* 1.0000; sort-hard J0 0.1250 J* 1.0000;
         caesar-small J0 0.2500 J* 1.0000; caesar-medium J0 0.2000 J* 1.0000; caesar-hard J0 0.1250 J* 1.0000;
         copy-shifted J0 1.2500 J* 2.0000
isolates sparse against dense reward, horizon L, vocabulary n, generalisation over prompts; with `reward_shift` 1 the
         variance that a return without a baseline carries
source   the copy, reverse and sort tasks of sequence models (Graves et al. 2014; Zaremba and Sutskever 2015)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from envs.api import Bools, Doubles, Ints
from envs.splits import ROUNDS, SPLITS, held_out, select_split
from envs.text_env import Preset, TextFactory
from envs.text_mdp import PAD, Prompts, Response, Rows, one_hot, uniform
from envs.validation import UnknownName, check_least

Operation = Literal["copy", "reverse", "sort", "caesar"]
SEP = 1
LISTABLE = 100_000


@dataclass(frozen=True)
class Transduce(TextFactory):
    """operation: what to answer; symbols: n; length: L; longest: symbols of an "ood" prompt (0: there are none)."""

    first_action: ClassVar[int] = 2
    splits: ClassVar[tuple[str, ...]] = SPLITS
    reward_modes: ClassVar[tuple[str, ...]] = ("dense", "terminal", "exact", "shaped")

    reward_mode: str = "dense"
    operation: Operation = "copy"
    symbols: int = 4
    length: int = 4
    longest: int = 0

    def check(self) -> None:
        if self.operation not in get_args(Operation):
            raise UnknownName("operation", self.operation, get_args(Operation))
        check_least(symbols=(self.symbols, 2), length=(self.length, 1))
        if self.longest and self.longest <= self.length:
            raise ValueError(f"longest must be 0 or exceed length {self.length}, not {self.longest}")
        if self.split == "ood" and not self.longest:
            raise ValueError(f"split 'ood' needs longest > {self.length}, the length of its prompts")

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "=>", *(str(i) for i in range(self.symbols)))

    @property
    def actions(self) -> int:
        return self.symbols

    @property
    def prompt_length(self) -> int:
        return self.horizon + 1

    @property
    def horizon(self) -> int:
        return max(self.length, self.longest)

    @property
    def size(self) -> int:
        """Symbols in a prompt of this split."""
        return self.longest if self.split == "ood" else self.length

    @property
    def binary(self) -> bool:
        return self.reward_mode in ("exact", "shaped")

    def prompts(self) -> Prompts:
        count = self.symbols**self.size
        if count > LISTABLE:
            raise ValueError(f"{count:,} prompts are too many to list (at most {LISTABLE:,})")
        strings = np.array(list(itertools.product(range(self.symbols), repeat=self.size)), np.int64)
        return select_split(Prompts(self._as_prompt(strings + self.first_action), uniform(count)), self.split)

    def starts(self, rng: np.random.Generator, n: int) -> Rows:
        prompt = self._as_prompt(self._draw(rng, n))
        for _ in range(ROUNDS if self.split in ("train", "test") else 0):
            wrong = held_out(prompt) != (self.split == "test")
            if not wrong.any():
                break
            # one stream per round with n strings each, so the first prompts do not depend on their number
            prompt[wrong] = self._as_prompt(self._draw(rng.spawn(1)[0], n))[wrong]
        return Rows(prompt, np.zeros((n, 0), np.int64))

    def _draw(self, rng: np.random.Generator, n: int) -> Ints:
        drawn: Ints = rng.integers(self.first_action, self.first_action + self.symbols, (n, self.size), dtype=np.int64)
        return drawn

    def answer(self, prompt: Ints) -> Ints:
        """The right answer [M, L] to strings [M, L], as token ids."""
        if self.operation == "reverse":
            return prompt[:, ::-1]
        if self.operation == "sort":
            return np.sort(prompt, axis=1)
        if self.operation == "caesar":
            return (prompt - self.first_action + 1) % self.symbols + self.first_action
        return prompt

    def _right(self, rows: Rows, t: int) -> Bools:
        """[M, t]: which of the first t symbols are right."""
        k, t = self.prompt_length, min(t, self.size)
        return rows.transcript[:, k : k + t] == self.answer(rows.transcript[:, k - 1 - self.size : k - 1])[:, :t]

    def respond(self, rows: Rows, t: int, outcome: Ints) -> Response:
        right, last = self._right(rows, t + 1), t == self.size - 1
        ended = np.full(len(right), last)
        if self.reward_mode == "dense":
            return Response(right[:, -1].astype(np.float64) / self.size, ended)
        share: Doubles = right.sum(axis=1) / self.size
        return Response(((share == 1) if self.binary else share) * float(last), ended)

    def potential(self, rows: Rows, t: int) -> Doubles:
        return self._right(rows, t).sum(1) / self.size

    def optimal_policy(self, rows: Rows, t: int) -> Doubles:
        k = self.prompt_length
        answer = self.answer(rows.transcript[:, k - 1 - self.size : k - 1])
        return one_hot(answer[:, min(t, self.size - 1)] - self.first_action, self.actions)

    @property
    def worst_episode(self) -> float:
        return 0.0

    def optimal_return(self) -> float:
        return self._expected(1.0, 1.0)

    def random_return(self) -> float:
        return self._expected(1 / self.symbols, float(self.symbols) ** -self.size)

    def _expected(self, symbol: float, answer: float) -> float:
        """J where each symbol is right with probability `symbol`, and the whole answer with probability `answer`."""
        end = self.gamma ** (self.size - 1)
        if self.reward_mode == "dense":
            return sum(self.gamma**t for t in range(self.size)) * symbol / self.size + end * self.reward_shift
        return end * self.final_reward_of(answer if self.binary else symbol)

    def _as_prompt(self, symbols: Ints) -> Ints:
        left = np.full((len(symbols), self.horizon - symbols.shape[1]), PAD, np.int64)
        return np.concatenate([left, symbols, np.full((len(symbols), 1), SEP, np.int64)], axis=1)


_SIZES: dict[str, dict[str, Any]] = {
    "small": {"symbols": 4, "length": 4},
    "medium": {"symbols": 5, "length": 5},
    "hard": {"symbols": 8, "length": 8},
}

TASKS: tuple[Preset, ...] = (
    *(
        Preset(f"transduce/{operation}-{size}", Transduce(operation=operation, **knobs))
        for operation in get_args(Operation)
        for size, knobs in _SIZES.items()
    ),
    Preset("transduce/copy-shifted", Transduce(reward_shift=1.0)),
)

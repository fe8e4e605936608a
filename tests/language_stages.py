"""A model whose numbers can be worked out by hand, texts of it, and what tests of all stages do with a stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from algorithms.language.stage import Stage
from algorithms.language.texts import Texts, make_texts
from algorithms.training.state import RunState
from envs.language.models.low_rank import LowRank

T = TypeVar("T")
END, V = 0, 4


class Bigram:
    """Four tokens, 0 the end: the logits after token a are row a of `table`, which the layer "table" adapts.

    Its hidden state is these logits, so it depends on one token and on no other.
    """

    vocabulary, context, width, end = V, 64, V, END
    layers = {"table": (V, V)}  # noqa: RUF012

    def __init__(self, table: Tensor | None = None) -> None:
        self.table = torch.zeros(V, V) if table is None else table

    def hidden(self, tokens: Tensor, valid: Tensor, cache: Any = None, adapter: Any = None) -> tuple[Tensor, None]:
        x = torch.nn.functional.one_hot(tokens, V).float()
        y = x @ self.table
        return (y if adapter is None else adapter("table", x, y)), None

    def logits(self, hidden: Tensor, tokens: Tensor | None = None) -> Tensor:
        return hidden if tokens is None else hidden[..., tokens]


def rows(values: Tensor) -> LowRank:
    """Adapters of a Bigram that add the rows of values [P, V, V] to its table: A is the identity."""
    return LowRank({"table": torch.eye(V).repeat(len(values), 1, 1)}, {"table": values}, 1.0)


def ended(members: list[list[tuple[list[int], list[int]]]]) -> Texts:
    """Texts of prompts and completions, to which the end token is added."""
    return make_texts([[(prompt, [*completion, END]) for prompt, completion in texts] for texts in members], END)


def tiny_texts(members: int, count: int, vocabulary: int = 16, seed: int = 0) -> Texts:
    """Random prompts of 2 to 3 tokens and completions of 1 to 5."""
    draw = torch.Generator().manual_seed(seed)

    def ids(low: int, high: int) -> list[int]:
        length = int(torch.randint(low, high + 1, (), generator=draw))
        return torch.randint(1, vocabulary, (length,), generator=draw).tolist()

    return ended([[(ids(2, 3), ids(1, 5)) for _ in range(count)] for _ in range(members)])


def run(stage: Stage[T]) -> tuple[T, list[RunState]]:
    """The result of a stage, and the states that it offered."""
    states: list[RunState] = []
    while True:
        try:
            event = next(stage)
        except StopIteration as stop:
            return stop.value, states
        if isinstance(event, RunState):
            states.append(event)


def resumed_equally(start: Callable[[RunState | None], Stage[T]], tensors: Callable[[T], dict[str, Tensor]]) -> int:
    """Assert that a stage repeats bit for bit, and ends so from each of its states; returns their number."""
    whole, states = run(start(None))
    for state in [None, *states]:
        again = tensors(run(start(state))[0])
        for name, x in tensors(whole).items():
            assert torch.equal(again[name], x), (name, None if state is None else state.meta)
    return len(states)


def padded(texts: Texts, left: int, right: int, token: int) -> Texts:
    """The same texts with columns of padding around them."""
    pads = (token, False, False)
    return Texts(*(torch.nn.functional.pad(x, (left, right), value=v) for x, v in zip(texts, pads, strict=True)))

"""Rewards, ends and replies of transduce by hand, and the figures that its card quotes."""

from __future__ import annotations

from typing import Any

import pytest

from envs.text.transduce import Transduce
from tests.envs.text.episodes_by_hand import answer, ids

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "symbols": (1, 3),
    "length": (0, 3),
    "longest": (0, 4),
    "operation": ["copy", "reverse", "sort", "caesar", "rot"],
    "reward_mode": ["dense", "terminal", "exact", "shaped", "other"],
    "split": ["all", "train", "test", "ood"],
}


@pytest.mark.parametrize(
    ("operation", "right"), [("copy", [2, 0, 1]), ("reverse", [1, 0, 2]), ("sort", [0, 1, 2]), ("caesar", [0, 1, 2])]
)
def test_transduce_by_hand(operation: str, right: list[int]) -> None:
    prompt = [4, 2, 3, 1]  # symbols 2, 0, 1, then the separator
    dense = Transduce(symbols=3, length=3, operation=operation)  # type: ignore[arg-type]
    assert answer(dense, prompt, right) == ([0.333333] * 3, [False, False, True])
    wrong = [right[0], (right[1] + 1) % 3, right[2]]
    assert answer(dense, prompt, wrong)[0] == [0.333333, 0.0, 0.333333]
    terminal = Transduce(symbols=3, length=3, operation=operation, reward_mode="terminal")  # type: ignore[arg-type]
    assert answer(terminal, prompt, wrong)[0] == [0.0, 0.0, 0.666667]
    exact = Transduce(symbols=3, length=3, operation=operation, reward_mode="exact")  # type: ignore[arg-type]
    assert answer(exact, prompt, wrong)[0] == [0.0, 0.0, 0.0]
    assert answer(exact, prompt, right)[0] == [0.0, 0.0, 1.0]
    shaped = Transduce(symbols=3, length=3, operation=operation, reward_mode="shaped")  # type: ignore[arg-type]
    assert answer(shaped, prompt, right)[0] == [0.333333, 0.333333, 0.333333]  # 1/3, 2/3 - 1/3, 1 - 2/3
    assert answer(shaped, prompt, wrong)[0] == [0.333333, 0.0, -0.333333]  # the sum is the unshaped return


def test_transduce_ood_prompts_are_longer_and_share_the_shape() -> None:
    train, ood = (Transduce(symbols=3, length=2, longest=3, split=s) for s in ("train", "ood"))  # type: ignore[arg-type]
    assert train.spec == ood.spec
    assert answer(train, ids(train, "_ 0 2 =>"), [0, 2]) == ([0.5, 0.5], [False, True])
    assert answer(ood, ids(ood, "1 0 2 =>"), [1, 0, 1]) == ([0.333333, 0.333333, 0.0], [False, False, True])
    assert {train.decode(row) for row in train.prompts().tokens} < {f"{a} {b} =>" for a in range(3) for b in range(3)}

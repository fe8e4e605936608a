"""Rewards, ends and replies of countdown by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from envs.text.countdown import Countdown
from tests.envs.text.episodes_by_hand import answer, ids, moves

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "numbers": (1, 3),
    "highest": (0, 3),
    "targets": (0, 6),
    "operations": ["+", "+-", "*", "/", ""],
    "mask": [False, True],
    "format_weight": [0.0, 0.1],
    "solvable": [False, True],
    "split": ["all", "train", "test", "ood"],
}


def test_countdown_by_hand() -> None:
    mdp = Countdown()
    prompt = ids(mdp, "2 3 7 1 3")  # 2, 3, 7 -> 13 = 7 + 2 * 3
    assert answer(mdp, prompt, moves(mdp, "a b * c +"))[0] == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert answer(mdp, prompt, moves(mdp, "c a b * +"))[0][-1] == 1.0
    assert answer(mdp, prompt, moves(mdp, "a b + c +"))[0][-1] == 0.1  # 12, well formed
    assert answer(mdp, prompt, moves(mdp, "a a")) == ([0.0, 0.0], [False, True])  # each number once
    assert answer(mdp, prompt, moves(mdp, "a +")) == ([0.0, 0.0], [False, True])  # nothing to add to
    minus = ids(mdp, "2 3 7 0 8")  # 7 - 2 + 3: the lower of the stack minus the upper
    assert answer(mdp, minus, moves(mdp, "c a - b +"))[0][-1] == 1.0
    assert answer(mdp, minus, moves(mdp, "a c - b +"))[0][-1] == 0.1


def test_countdown_counts() -> None:
    everything = Countdown(solvable=False)
    assert len(everything.prompts().tokens) == 8_250  # 165 multisets of 3 of 1..9, 50 targets
    assert len(Countdown().prompts().tokens) == 1_574
    assert replace(everything, format_weight=0.0).optimal_return() == pytest.approx(1_574 / 8_250)
    assert replace(everything, format_weight=0.0).optimal_return() == pytest.approx(0.19, abs=0.001)
    # 3! orders, 2 shapes, 3^2 operations, out of 6^5 texts
    complete = replace(everything, format_weight=1.0, targets=1, highest=1)
    assert complete.random_return() == pytest.approx(108 / 6**5)
    # 1, 1 and +: only 2 can be reached, by a b + and b a +
    assert Countdown(numbers=2, highest=1, targets=9, operations="+").random_return() == pytest.approx(2 / 27)
    ood = Countdown(split="ood")
    assert ood.spec == Countdown().spec
    tens = ood.prompts().tokens[:, -2:] - 1 - ood.actions
    assert ((10 * tens[:, 0] + tens[:, 1] > 50) & (10 * tens[:, 0] + tens[:, 1] <= 75)).all()

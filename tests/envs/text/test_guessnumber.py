"""Rewards, ends and replies of guessnumber by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from envs.text.guessnumber import GuessNumber
from tests.envs.text.episodes_by_hand import ids, moves, talk

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "numbers": (1, 4),
    "turns": (0, 3),
    "noise": [0.0, 0.2, 0.8],
}


def test_guessnumber_by_hand() -> None:
    mdp = GuessNumber(numbers=5, turns=3)
    said = talk(mdp, ids(mdp, "<bos>"), moves(mdp, "2 4 3"), hidden=(3,))
    assert said == ([-1.0, -1.0, -1.0], [False, False, True], "<bos> 2 higher 4 lower 3 correct")
    lost = talk(mdp, ids(mdp, "<bos>"), moves(mdp, "0 1 2"), hidden=(3,))
    assert lost[0] == [-1.0, -1.0, -2.0]  # -(K + 1) in all
    swapped = talk(replace(mdp, noise=0.2), ids(mdp, "<bos>"), moves(mdp, "2"), hidden=(3,), outcomes=[1])
    assert swapped[2] == "<bos> 2 lower"


@pytest.mark.parametrize(("numbers", "turns", "expected"), [(16, 8, 3.375), (63, 10, 5.095), (1_023, 12, 9.010)])
def test_guessnumbers_figures(numbers: int, turns: int, expected: float) -> None:
    assert -GuessNumber(numbers=numbers, turns=turns).optimal_return() == pytest.approx(expected, abs=5e-4)

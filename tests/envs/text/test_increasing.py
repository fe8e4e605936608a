"""Rewards, ends and replies of increasing by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from envs.text.increasing import Increasing
from tests.envs.text.episodes_by_hand import answer, ids, moves

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "numbers": (0, 4),
    "length": (0, 4),
    "min_tokens": (0, 9),
    "reward_mode": ["terminal", "shaped"],
}


def test_increasing_by_hand() -> None:
    mdp = Increasing(numbers=5, length=4, min_tokens=6)
    start = ids(mdp, "<bos>")
    assert answer(mdp, start, moves(mdp, "1 3 <eos>")) == ([0.0, 0.0, 0.666667], [False, False, True])  # 2 of max(2, 3)
    assert answer(mdp, start, moves(mdp, "3 1 2 4"))[0] == [0.0, 0.0, 0.0, 0.25]  # the order breaks at once, for good
    assert answer(mdp, start, moves(mdp, "2 2 <eos>"))[0][-1] == 0.333333  # equal is not larger
    assert answer(mdp, start, moves(mdp, "<eos>")) == ([0.0], [True])
    assert answer(mdp, start, moves(mdp, "0 1 2 3"))[0][-1] == 1.0
    shaped = replace(mdp, reward_mode="shaped")
    assert answer(shaped, start, moves(mdp, "1 3 <eos>"))[0] == [0.333333, 0.333333, 0.0]

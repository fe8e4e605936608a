"""Rewards, ends and replies of dyck by hand, and the figures that its card quotes."""

from __future__ import annotations

from typing import Any

import numpy as np

from envs.text.dyck import Dyck
from tests.envs.text.episodes_by_hand import answer

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "pairs": (0, 3),
    "kinds": (0, 2),
    "mask": [False, True],
    "reward_mode": ["dense", "terminal", "shaped"],
}


def test_dyck_by_hand() -> None:
    dense, sparse = Dyck(pairs=2, kinds=2), Dyck(pairs=2, kinds=2, reward_mode="terminal")
    good, crossed, early = [0, 1, 3, 2], [0, 1, 2, 3], [2]  # ( [ ] )   ( [ ) ]   )
    assert answer(dense, [1], good) == ([0.25] * 4, [False, False, False, True])
    assert answer(dense, [1], crossed) == ([0.25, 0.25, 0.0], [False, False, True])
    assert answer(dense, [1], early) == ([0.0], [True])
    assert answer(dense, [1], [0, 0, 0]) == ([0.25, 0.25, 0.0], [False, False, True])  # no room left to close three
    assert answer(sparse, [1], good)[0] == [0.0, 0.0, 0.0, 1.0]
    assert sparse.decode(np.array([1, 2, 3, 5, 4])) == "<bos> ( [ ] )"

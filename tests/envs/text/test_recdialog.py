"""Rewards, ends and replies of recdialog by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs.text.recdialog import RecDialog
from tests.envs.text.episodes_by_hand import ids, moves, talk

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "genres": (1, 3),
    "items": (0, 2),
    "turns": (0, 3),
    "ask": [False, True],
    "honesty": [0.5, 1.0],
    "diversity": [0.0, 0.3],
    "fatigue": [0.0, 0.2],
    "p_hi": [0.8, 1.0],
    "p_lo": [0.0, 0.1],
}


def test_recdialog_by_hand() -> None:
    mdp = RecDialog(genres=3, turns=3, ask=True, diversity=0.5, fatigue=0.25)
    said = talk(mdp, ids(mdp, "<bos>"), moves(mdp, "g0i0 g0i0 ask"), hidden=(2, 0, 0, 0), outcomes=[0, 1, 2])
    assert said == ([1.5, -0.25, 0.0], [False, False, True], "<bos> g0i0 click g0i0 skip ask likes2")


def test_recdialogs_figures() -> None:
    mdp = RecDialog(genres=3, turns=5, p_hi=0.8, p_lo=0.1)
    assert mdp.optimal_return() == pytest.approx(2.834, abs=5e-4)
    assert mdp.random_return() == pytest.approx(5 / 3)
    env = mdp.make([np.random.SeedSequence(0)], 20_000)
    env.reset()
    known = env.rows.hidden[:, 0].reshape(1, -1)  # a policy that knows the genre
    paid = sum(env.step(known, np.ones((1, 20_000), np.bool_)).reward.mean() for _ in range(mdp.turns))
    assert paid == pytest.approx(4.0, abs=0.03)
    assert replace(mdp, ask=True).optimal_return() == pytest.approx(3.2)  # ask once, then four times .8
    assert replace(mdp, items=4).optimal_return() == pytest.approx(mdp.optimal_return())  # genres are what matters

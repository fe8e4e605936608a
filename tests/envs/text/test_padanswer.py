"""Rewards, ends and replies of padanswer by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs.text.padanswer import PadAnswer
from tests.envs.text.episodes_by_hand import answer, ids, moves, played

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "length": (0, 4),
    "bits": (0, 3),
    "fillers": (0, 2),
    "eos": [False, True],
    "overlong": [0.0, 0.4],
    "split": ["all", "train", "test", "ood"],
}


def test_padanswer_by_hand() -> None:
    mdp = PadAnswer(length=4, bits=2, fillers=1, eos=True)
    odd, even = ids(mdp, "1 0"), ids(mdp, "1 1")
    assert answer(mdp, odd, moves(mdp, "hm0 answer1")) == ([0.0, 1.0], [False, True])
    assert answer(mdp, even, moves(mdp, "answer1")) == ([0.0], [True])
    assert answer(mdp, even, moves(mdp, "<eos>")) == ([0.0], [True])
    assert answer(mdp, odd, moves(mdp, "hm0 hm0 hm0 hm0")) == ([0.0] * 4, [False, False, False, True])
    late = replace(mdp, overlong=0.4)
    assert answer(late, odd, moves(mdp, "hm0 hm0 answer1"))[0] == [0.0, 0.0, 0.8]  # 3 tokens: (3 - 2) / 2 of .4
    assert answer(late, odd, moves(mdp, "hm0 answer1"))[0] == [0.0, 1.0]


def test_padanswers_figures() -> None:
    three = PadAnswer(length=8, bits=1, fillers=1)
    assert three.random_return() == pytest.approx((1 - 3.0**-8) / 2)
    assert three.random_return() == pytest.approx(0.4999, abs=1e-4)
    length = sum(3.0**-t for t in range(8))  # tokens written: one more for each filler before
    assert length == pytest.approx(1.4998, abs=1e-4)
    four = replace(three, eos=True)
    assert four.random_return() == pytest.approx(1 / 3, abs=1e-4)
    assert sum(4.0**-t for t in range(8)) == pytest.approx(4 / 3, abs=1e-4)
    _, total, spent = played(three)
    assert spent == pytest.approx(length, abs=0.03)
    assert played(four)[2] == pytest.approx(4 / 3, abs=0.03)
    assert total == pytest.approx(0.4999, abs=0.02)


def test_flips_are_what_their_rates_say() -> None:
    """Of right answers 30 % are called wrong, of wrong ones 10 % right; every mean moves to .1 + .6 J."""
    mdp = PadAnswer(length=2, bits=1, fillers=0, false_positive=0.1, false_negative=0.3)
    assert mdp.optimal_return() == pytest.approx(0.7)
    assert mdp.random_return() == pytest.approx(0.1 + 0.6 * 0.5)
    env = mdp.make([np.random.SeedSequence(1)], 20_000)
    obs, _ = env.reset()
    step = env.step(np.zeros((1, 20_000)), np.ones((1, 20_000), np.bool_))  # answer 0
    assert set(np.unique(step.reward)) == {0.0, 1.0}
    even = obs[0, :, 0] == mdp.tokens.index("0")
    assert step.reward[0, even].mean() == pytest.approx(0.7, abs=0.02)
    assert step.reward[0, ~even].mean() == pytest.approx(0.1, abs=0.02)

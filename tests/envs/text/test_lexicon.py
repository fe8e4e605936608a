"""Rewards, ends and replies of lexicon by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs.text.lexicon import Lexicon
from tests.envs.text.episodes_by_hand import answer, ids

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "words": (1, 4),
    "length": (0, 3),
    "topics": (0, 2),
    "beta": [0.0, 0.001, 0.3],
    "reward_mode": ["dense", "terminal"],
}


def test_lexicon_by_hand() -> None:
    mdp = Lexicon(words=3, length=2, topics=2, beta=0.0)
    prompt = ids(mdp, "topic1")
    expected = [round(float(mdp.scores[1, w]), 6) for w in (2, 0)]
    assert answer(mdp, prompt, [2, 0]) == (expected, [False, True])
    assert answer(replace(mdp, reward_mode="terminal"), prompt, [2, 0])[0] == [
        0.0,
        pytest.approx(sum(expected), abs=2e-6),
    ]
    assert mdp.optimal_return() == pytest.approx(2 * mdp.scores.max(1).mean())
    np.testing.assert_allclose(np.exp(mdp.language).sum(1), 1.0)

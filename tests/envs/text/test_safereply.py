"""Rewards, ends and replies of safereply by hand, and the figures that its card quotes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from envs import TASKS
from envs.text.safereply import SafeReply
from tests.envs.text.episodes_by_hand import answer, ids

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "words": (1, 4),
    "length": (0, 5),
    "topics": (0, 2),
    "penalty": [0.0, 0.7],
    "flagged": [0.0, 0.25, 1.0],
    "correlation": [0.0, 1.0],
    "minority": [0.0, 0.4],
    "group": ["both", "first", "second"],
}


def test_safereply_by_hand() -> None:
    mdp = SafeReply(words=4, length=2, topics=1, penalty=0.5, flagged=0.25)
    h, flags = mdp.helpfulness[0], mdp.flags[0, 1]
    prompt = ids(mdp, "topic0 groupB")
    assert flags.sum() == 1
    for a, b in itertools.product(range(4), repeat=2):
        expected = [(h[a] - 0.5 * flags[a]) / 2, ((a != b) * h[b] - 0.5 * flags[b]) / 2]
        np.testing.assert_allclose(answer(mdp, prompt, [a, b])[0], expected, atol=1e-6)
    net = np.sort(np.maximum(h - 0.5 * mdp.flags[0], 0), axis=1)[:, -2:].sum(1) / 2
    assert mdp.optimal_return() == pytest.approx(0.7 * net[0] + 0.3 * net[1])


def test_safereplys_frontier_trades_help_for_safety_and_the_second_group_pays_more() -> None:
    mdp = SafeReply()
    points = mdp.frontier((0.0, 0.2, 0.5, 2.0))
    for group in (0, 1):
        flagged = [p.flagged[group] for p in points]
        helpful = [p.helpfulness[group] for p in points]
        assert flagged == sorted(flagged, reverse=True)
        assert helpful == sorted(helpful, reverse=True)
        assert flagged[0] > 0
        assert flagged[-1] == 0
    lost = [points[0].helpfulness[g] - points[-1].helpfulness[g] for g in (0, 1)]
    assert lost[1] > 2 * lost[0]
    views = dict(TASKS["safereply/medium"].views)
    assert views["first group"].optimal_return() > views["second group"].optimal_return()  # type: ignore[attr-defined]

"""Rewards, ends and replies of textgraph by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from envs.text.textgraph import TextGraph
from tests.envs.text.episodes_by_hand import answer, ids, moves, talk

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "size": (1, 2),
    "steps": (0, 3),
    "mazes": (0, 2),
    "slip": [0.0, 0.2],
    "loops": [0.0, 1.0],
    "observe": ["full", "history"],
    "split": ["all", "train", "test", "ood"],
    "reward_mode": ["dense", "terminal", "shaped"],
}


def test_textgraph_by_hand() -> None:
    mdp = TextGraph(size=2, steps=4, mazes=1, slip=0.2, loops=1.0)  # all four edges are open
    assert mdp.open.all()
    goal_3_from_0 = (0, 3, 0, 2)
    start = ids(mdp, "c11 c00 open open open open")
    said = talk(mdp, start, moves(mdp, "east south"), hidden=goal_3_from_0)
    assert said == ([-1.0, -1.0], [False, True], "c11 c00 open open open open east c01 south c11")
    slipped = talk(mdp, start, moves(mdp, "east"), hidden=goal_3_from_0, outcomes=[1])  # to the right of east: south
    assert slipped[2].endswith("east c10")
    assert talk(mdp, start, moves(mdp, "north"), hidden=goal_3_from_0)[2].endswith("north c00")  # the border
    late = replace(mdp, reward_mode="terminal")
    assert answer(late, start, moves(mdp, "north east south"), hidden=goal_3_from_0)[0] == [0.0, 0.0, 0.666667]
    shaped = replace(mdp, reward_mode="shaped")
    assert answer(shaped, start, moves(mdp, "east west east south"), hidden=goal_3_from_0)[0] == [0.5, -0.5, 0.5, 0.0]
    blind = replace(mdp, observe="history")
    assert talk(blind, ids(blind, "c11 _ open open open open"), moves(mdp, "north east"), hidden=goal_3_from_0)[
        2
    ].endswith("north bumped east moved")


def test_textgraphs_mazes() -> None:
    mdp = TextGraph(size=4, mazes=6)
    assert (mdp.distance < mdp.cells).all()  # connected
    trees = replace(mdp, split="ood").open.sum(1)
    assert (trees == mdp.cells - 1).all()
    assert (mdp.open.sum(1) > mdp.cells - 1).all()
    train, test = (replace(mdp, split=s) for s in ("train", "test"))  # type: ignore[arg-type]
    shared = {tuple(m) for m in train.open.tolist()} & {tuple(m) for m in test.open.tolist()}
    assert not shared
    straight = TextGraph(size=2, steps=9, mazes=1, slip=0.0, loops=1.0)
    assert straight.optimal_return() == pytest.approx(-(2 * 1 + 1 * 2) / 3)  # two neighbours and one corner

"""Rewards, ends and replies of causal by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs import solver
from envs.text.causal import Causal
from tests.envs.text.episodes_by_hand import ids, moves, talk

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "rho": [0.1, 0.5, 0.9, 1.0],
    "q": [0.3, 0.8, 1.0],
    "cost": [0.0, 0.05],
    "asks": (0, 2),
    "symptoms": (0, 2),
    "split": ["all", "train", "test", "ood"],
}


def test_causal_by_hand() -> None:
    mdp = Causal(q=0.8, asks=2)
    prompt = ids(mdp, "yes cue1")
    said = talk(mdp, prompt, moves(mdp, "ask answer0"), hidden=(0,))
    assert said == ([-0.05, 1.0], [False, True], "yes cue1 ask test0 answer0 .")
    wrong = talk(mdp, prompt, moves(mdp, "ask answer1"), hidden=(0,), outcomes=[1, 0])
    assert wrong == ([-0.05, 0.0], [False, True], "yes cue1 ask test1 answer1 .")
    assert talk(mdp, prompt, moves(mdp, "ask ask ask"), hidden=(1,))[:2] == ([-0.05] * 3, [False, False, True])


def test_causals_figures() -> None:
    one = Causal(rho=0.9, q=1.0, cost=0.05, asks=1)
    assert one.optimal_return() == pytest.approx(0.95)
    assert replace(one, cost=0.2).optimal_return() == pytest.approx(0.90)  # max(rho, q - c): the shortcut
    assert replace(one, split="ood").optimal_return() == pytest.approx(0.95)
    for split, cue in (("train", 0.9), ("ood", 0.1)):
        prompts = replace(one, symptoms=5, split=split).prompts()  # type: ignore[arg-type]
        agrees = prompts.tokens[:, -1] - 9 == prompts.hidden[:, 0]  # type: ignore[index]
        assert prompts.probability[agrees].sum() == pytest.approx(cue)
    several = Causal(rho=0.7, q=0.8, cost=0.02, asks=3)
    assert several.optimal_return() == pytest.approx(0.8496)

    def always_ask(q: np.ndarray, legal: np.ndarray, reference: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.zeros(len(q), np.int64) if t < 3 else q.argmax(1)
        return np.eye(3)[chosen], q[np.arange(len(q)), chosen]

    # without stopping early; the difference is what stopping is worth
    assert solver.solve(several, always_ask, 1.0).value == pytest.approx(0.836)

"""The table of the bandit, and what it pays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs.api import Step
from envs.text.bandit import Bandit

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "arms": (1, 6),
    "contexts": (0, 3),
    "gap": [0.0, 0.1, 0.5],
    "skew": [-1.0, 0.0, 2.0],
    "null": [False, True],
}


def test_the_bandits_table_is_what_gap_and_skew_say() -> None:
    bandit = Bandit(arms=50, contexts=3, best=0.8, gap=0.3, skew=2.0)
    ranked = np.sort(bandit.table, axis=1)
    assert (ranked[:, -1] == 0.8).all()
    assert (ranked[:, :-1] <= 0.5).all()
    assert ranked.min() >= 0
    # E (1-u)^skew = 1 / (1 + skew): 147 draws, so 4 standard errors are 0.5 * 0.298 * 4 / sqrt(147) = 0.05
    assert ranked[:, :-1].mean() == pytest.approx(0.5 / 3, abs=0.05)
    flat = Bandit(arms=50, contexts=3, best=0.8, gap=0.3, skew=0.0)
    assert (np.sort(flat.table, axis=1)[:, :-1] == 0.5).all()
    assert not np.array_equal(bandit.table, replace(bandit, instance=1).table)


def test_bandit_pays_its_table_on_average() -> None:
    bandit = Bandit(arms=3, contexts=2)
    env = bandit.make([np.random.SeedSequence(0)], 20_000, 20_000)
    obs, _ = env.reset()
    context = int(obs[0, 0, 0]) - 4
    step: Step = env.step(np.full((1, 20_000), 2), np.ones((1, 20_000), np.bool_))
    assert set(np.unique(step.reward)) == {0.0, 1.0}
    assert step.reward.mean() == pytest.approx(bandit.table[context, 2], abs=0.015)
    assert bandit.table.std() > 0.05
    assert (Bandit(null=True).table == 0.5).all()

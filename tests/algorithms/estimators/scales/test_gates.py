"""The gate of the delightful gradient by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms.estimators.scales.gates import Delight
from tests.rollouts import grouped_rollout


def test_rare_failures_fade_and_rare_successes_stay() -> None:
    """A 1 and -1 at probability e^-2: sigmoid(2) = 0.8808 and sigmoid(-2) = 0.1192; a sure action has the gate 1/2."""
    rollout = grouped_rollout([[1.0, -1.0, 1.0, -1.0]], [[1.0] * 4], 4)
    rollout = replace(rollout, logp=torch.tensor([-2.0, -2.0, 0.0, 0.0], dtype=torch.float64)[None, None])
    made = Delight()(rollout.reward, rollout.reward, rollout).flatten().tolist()
    assert made == pytest.approx([0.8808, -0.1192, 0.5, -0.5], abs=1e-4)
    made = Delight(2.0)(rollout.reward, rollout.reward, rollout).flatten().tolist()
    assert made[:2] == pytest.approx([0.7311, -0.2689], abs=1e-4)


def test_the_surprise_is_that_of_the_learning_policy() -> None:
    """mu gave the action e^-2 and pi gives it 1: no surprise is left."""
    rollout = grouped_rollout([[1.0]], [[1.0]], 1)
    stale = replace(rollout, logp=rollout.reward - 3.0, current_logp=0 * rollout.reward)
    assert float(Delight()(rollout.reward, rollout.reward, stale)) == pytest.approx(0.5)


def test_eta_is_positive() -> None:
    with pytest.raises(ValueError, match="eta must be positive"):
        Delight(0.0)

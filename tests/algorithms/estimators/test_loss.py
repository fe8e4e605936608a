"""The weights of rows, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from algorithms.estimators.loss import row_weights
from algorithms.variants import reinforce
from tests.rollouts import grouped_rollout


def test_row_weights_of_all_aggregations() -> None:
    rollout = grouped_rollout([[1.0, 1.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]], group=1)
    per_episode = row_weights(reinforce.VARIANT.estimator, rollout, 5)
    per_token = row_weights(replace(reinforce.VARIANT.estimator, aggregation="token"), rollout, 5)
    assert per_episode[:, 0].tolist() == [[0.5, 0.5], [0.5, 0.0]]
    assert per_token[:, 0].tolist() == pytest.approx(np.array([[1, 1], [1, 0]]) / 3)
    per_sequence = row_weights(replace(reinforce.VARIANT.estimator, aggregation="sequence"), rollout, 5)
    assert per_sequence[:, 0].tolist() == [[0.25, 0.5], [0.25, 0.0]]  # half an episode each, shared by its rows
    constant = row_weights(replace(reinforce.VARIANT.estimator, aggregation="constant"), rollout, 5)
    assert constant[:, 0].tolist() == pytest.approx(np.array([[1, 1], [1, 0]]) / 10)  # 2 episodes of 5 at most

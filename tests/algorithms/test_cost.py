"""Estimates of training time."""

from __future__ import annotations

import pytest

from algorithms import cost
from algorithms.composition import Schedule
from algorithms.cost import language_seconds, sampled_seconds
from algorithms.policies.networks.mlp import MLP
from algorithms.training_config import Episodes, TrainingConfig
from envs import TASKS


def test_a_language_model_costs_eight_products_a_token() -> None:
    """2 to write a token, 2 to read it under the reference, 4 to learn from it: 8 x (6 + 20) x 1,000 at 15e9 a second."""
    assert language_seconds([(2, 3), (4, 5)], 1_000) == pytest.approx(8 * 26 * 1_000 / 15e9)


def test_short_episodes_make_more_updates_of_rollouts_that_are_mostly_empty() -> None:
    """FrozenLake: 7 steps an episode, rollouts of 56, and 16 observed numbers: the network costs 1.25 times as much.

    11,200 steps of 10 members in 32 environments are 50 updates, 2,800 calls and 896,000 rows.
    """
    training = TrainingConfig(network=MLP(), collection=Episodes(32))
    computed = 50 / cost.UPDATES_PER_S + 896_000 / cost.ACTED_PER_S + 896_000 / cost.LEARNED_PER_S
    expected = 2_800 / cost.CALLS_PER_S + 1.25 * computed
    assert sampled_seconds(TASKS["FrozenLake-v1"], training, Schedule(), False, 11_200, 10) == pytest.approx(expected)

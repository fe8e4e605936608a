"""Estimates of training time."""

from __future__ import annotations

import pytest

from algorithms import VARIANTS, cost
from algorithms.composition import Schedule, passes_of
from algorithms.cost import language_seconds, sampled_seconds
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.mlp import MLP
from algorithms.training_config import Episodes, TrainingConfig, Unroll
from envs import TASKS
from envs.api import Transcript


def test_a_language_model_costs_four_products_to_play_and_four_for_each_pass() -> None:
    """(4 + 4 passes) x (6 + 20) x 1,000 at 20e9 a second."""
    assert language_seconds([(2, 3), (4, 5)], 1_000) == pytest.approx(8 * 26 * 1_000 / 20e9)
    assert language_seconds([(2, 3), (4, 5)], 1_000, 3) == pytest.approx(16 * 26 * 1_000 / 20e9)


def test_a_natural_gradient_passes_over_its_rows_for_each_conjugate_step() -> None:
    """16,000 steps of 10 members in 16 environments of 50 steps: 20 updates of 8,000 rows, which it reads 11 times."""
    assert passes_of(VARIANTS["npg"].update) == 11
    assert passes_of(VARIANTS["gae"].update) == 1
    training = TrainingConfig(network=MLP(), collection=Unroll(50, 16))
    one, eleven = (sampled_seconds(TASKS["CartPole-v1"], training, Schedule(), True, 16_000, 10, n) for n in (1, 11))
    width = 1 + 4 / cost.WIDE
    assert eleven - one == pytest.approx(width * 10 * (20 / cost.UPDATES_PER_S + 160_000 / cost.LEARNED_PER_S))


def test_short_episodes_make_more_updates_of_rollouts_that_are_mostly_empty() -> None:
    """FrozenLake: 7 steps an episode, rollouts of 56, and 16 observed numbers: the network costs 1.25 times as much.

    11,200 steps of 10 members in 32 environments are 50 updates, 2,800 calls and 896,000 rows.
    """
    training = TrainingConfig(network=MLP(), collection=Episodes(32))
    computed = 50 / cost.UPDATES_PER_S + 896_000 / cost.ACTED_PER_S + 896_000 / cost.LEARNED_PER_S
    expected = 2_800 / cost.CALLS_PER_S + 1.25 * computed
    assert sampled_seconds(TASKS["FrozenLake-v1"], training, Schedule(), False, 11_200, 10) == pytest.approx(expected)


def test_a_recurrent_network_reads_one_token_after_the_other() -> None:
    """lock/medium: transcripts of 1 + horizon tokens; 64 episodes an update, 16 steps each, 11 passes a step."""
    task, schedule = TASKS["lock/medium"], Schedule(epochs=4, minibatches=4)
    horizon, observation = task.spec.horizon, task.spec.observation
    assert isinstance(observation, Transcript)
    settings = [TrainingConfig(network=network, collection=Episodes(64)) for network in (GRU(32), MLP())]
    recurrent, other = (sampled_seconds(task, t, schedule, False, 64 * horizon * 10, 10, 11) for t in settings)
    assert recurrent - other == pytest.approx(10 * 16 * 11 * (observation.length - 1) / cost.READ_PER_S)

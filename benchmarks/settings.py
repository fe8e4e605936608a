"""The one place for (task, variant) -> Training. A rung's learning rate is its own; all else is the task's.

Rates: each is one of RATES, the same list for all, judged by the mean normalised score over the checkpoints of the last
fifth of the budget on 3 selection seeds (a stream disjoint from the training seeds); of rates within .01 of the best the
smallest is taken. `python -m benchmarks run learning_rates` trains every rate on every seed as members of one population
(budgets in the experiment's file) and prints this table. Tasks that are not in it use their base's rate.
"""

from __future__ import annotations

from dataclasses import replace

from algorithms.policies.gru import GRU
from algorithms.policies.mlp import MLP
from algorithms.setting import Episodes, Training
from algorithms.types import Variant
from envs.api import Task, Transcript

RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)

CONTROL = Training(network=MLP((64, 64)), discount=0.99, collection=Episodes(envs=8), learning_rate=3e-3)
TEXT = Training(network=GRU(32), discount=1.0, collection=Episodes(envs=64, group=4), learning_rate=3e-3)

TASKS: dict[str, Training] = {
    "CartPole-v1": CONTROL,
    "Acrobot-v1": replace(CONTROL, normalise_observations=True),
    "Pendulum-v1": replace(CONTROL, discount=0.9, normalise_observations=True, reward_scale=0.1, critic_rate=3.0),
    "MountainCarContinuous-v0": replace(CONTROL, normalise_observations=True, initial_log_std=1.0),
}

BUDGETS: dict[str, int] = {
    "CartPole-v1": 250_000,
    "Acrobot-v1": 150_000,
    "Pendulum-v1": 200_000,
    "MountainCarContinuous-v0": 100_000,
    "bandit/medium": 50_000,
    "transduce/copy-shifted": 60_000,
    "dyck/sparse-medium": 60_000,
}

LEARNING_RATES: dict[str, dict[str, float]] = {
    "CartPole-v1": {
        "reinforce": 0.001,
        "reward_to_go": 0.003,
        "baseline_mean": 0.003,
        "baseline_loo": 0.001,
        "baseline_value": 0.001,
        "gae": 0.01,
        "a2c": 0.003,
        "entropy": 0.01,
        "ppo": 0.003,
        "async": 0.003,
    },
    "Acrobot-v1": {
        "reinforce": 0.01,
        "reward_to_go": 0.003,
        "baseline_mean": 0.01,
        "baseline_loo": 0.01,
        "baseline_value": 0.03,
        "gae": 0.01,
        "a2c": 0.001,
        "entropy": 0.01,
        "ppo": 0.01,
        "async": 0.001,
    },
    "Pendulum-v1": {
        "reinforce": 0.0003,
        "reward_to_go": 0.001,
        "baseline_mean": 0.003,
        "baseline_loo": 0.001,
        "baseline_value": 0.003,
        "gae": 0.003,
        "a2c": 0.003,
        "entropy": 0.01,
        "ppo": 0.003,
        "async": 0.003,
    },
    "MountainCarContinuous-v0": {
        "reinforce": 0.01,
        "reward_to_go": 0.01,
        "baseline_mean": 0.01,
        "baseline_loo": 0.01,
        "baseline_value": 0.01,
        "gae": 0.01,
        "a2c": 0.001,
        "entropy": 0.01,
        "ppo": 0.01,
        "async": 0.01,
    },
    "bandit/medium": {
        "reinforce": 0.01,
        "reward_to_go": 0.01,
        "baseline_mean": 0.01,
        "baseline_loo": 0.01,
        "baseline_value": 0.03,
        "gae": 0.03,
        "a2c": 0.03,
        "entropy": 0.01,
        "ppo": 0.01,
        "async": 0.01,
        "exact_pg": 0.01,
    },
    "transduce/copy-small": {
        "reinforce": 0.003,
        "reward_to_go": 0.01,
        "baseline_mean": 0.003,
        "baseline_loo": 0.01,
        "baseline_value": 0.01,
        "gae": 0.01,
        "a2c": 0.01,
        "entropy": 0.01,
        "ppo": 0.001,
        "async": 0.003,
    },
    "transduce/copy-shifted": {
        "reinforce": 0.003,
        "reward_to_go": 0.003,
        "baseline_mean": 0.01,
        "baseline_loo": 0.01,
        "baseline_value": 0.003,
        "gae": 0.003,
        "a2c": 0.003,
        "entropy": 0.01,
        "ppo": 0.0003,
        "async": 0.003,
    },
    "lock/medium": {
        "reinforce": 0.001,
        "reward_to_go": 0.001,
        "baseline_mean": 0.01,
        "baseline_loo": 0.001,
        "baseline_value": 0.001,
        "gae": 0.001,
        "a2c": 0.001,
        "entropy": 0.001,
        "ppo": 0.001,
        "async": 0.003,
        "exact_pg": 0.001,
    },
    "dyck/sparse-medium": {
        "reinforce": 0.003,
        "reward_to_go": 0.003,
        "baseline_mean": 0.003,
        "baseline_loo": 0.003,
        "baseline_value": 0.003,
        "gae": 0.003,
        "a2c": 0.003,
        "entropy": 0.003,
        "ppo": 0.0003,
        "async": 0.001,
        "exact_pg": 0.003,
    },
}


def training(task: Task, variant: Variant) -> Training:
    """What the comparison holds fixed on this task, at this variant's learning rate."""
    text = isinstance(task.spec.observation, Transcript)
    base = TASKS.get(task.name, TEXT if text else CONTROL)
    rate = LEARNING_RATES.get(task.name, {}).get(variant.name, base.learning_rate)
    if text:  # a learner on text sees the whole episode and has no reason for another discount than J's
        base = replace(base, discount=task.gamma)
    return replace(base, learning_rate=rate)


def budget(task: Task) -> int:
    """Environment steps a member, where an experiment does not say."""
    return BUDGETS.get(task.name, 100_000)

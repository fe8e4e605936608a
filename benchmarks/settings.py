"""The one place for (task, variant) -> Training. A rung's learning rate is its own; all else is the task's.

Rates: chosen from RATES by the mean over checkpoints of the normalised score, on 5 selection seeds (disjoint from the
training seeds) at the ladder's budgets: `python -m benchmarks run learning_rates`, then
`python -m benchmarks.experiments.learning_rates` prints the table below.
"""

from __future__ import annotations

from dataclasses import replace

from algorithms.policies.gru import GRU
from algorithms.policies.mlp import MLP
from algorithms.types import Episodes, Training, Variant
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
    "Acrobot-v1": 200_000,
    "Pendulum-v1": 200_000,
    "MountainCarContinuous-v0": 150_000,
    "bandit/medium": 50_000,
}

LEARNING_RATES: dict[str, dict[str, float]] = {}


def training(task: Task, variant: Variant) -> Training:
    """What the comparison holds fixed on this task, at this variant's learning rate."""
    text = isinstance(task.spec.observation, Transcript)
    base = TASKS.get(task.name, TEXT if text else CONTROL)
    rate = LEARNING_RATES.get(task.name, {}).get(variant.name, base.learning_rate)
    return replace(base, learning_rate=rate)


def budget(task: Task) -> int:
    """Environment steps a member, where an experiment does not say."""
    return BUDGETS.get(task.name, 100_000)

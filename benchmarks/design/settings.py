"""The one place for (task, variant) -> TrainingConfig. A rung's learning rate is its own; all else is the task's.

Rates: each is one of RATES, the same list for all, judged by the mean normalised score over the checkpoints of the last
fifth of the budget on 3 selection seeds (a stream disjoint from the training seeds); of rates within .01 of the best the
smallest is taken. Every rate is trained on every seed, as members of one population, and the run's report prints the lines
of learning_rates.csv. A protocol is one such selection, at its own budgets: variants are compared at rates of one protocol.
Where the chosen rate is the smallest or the largest of RATES, a better one may lie outside the list; the run's report says
how many are.

    ladder  `python -m benchmarks run learning_rates`: the ladder's rungs on the ladder's tasks
    text    `python -m benchmarks run text_rates`: every estimator of `estimators` on the text suite, 30,000 tokens
            `text_rates_2026`, `trust_regions_rates` and `estimators_rewards_rates` add variants and tasks to it.
            `transfer_rates` adds a task for each kind of policy; its list of rates goes on to .1 and .3
    language  `python -m benchmarks run language_rates`: all that `rlhf_exact` compares, on its smallest task
    critic_free  `python -m benchmarks run critic_free_rates`: critics and group baselines on classic control, 60,000 steps
    distillation  `python -m benchmarks run distillation_rates`: students of the optimal policy, and rivals, 30,000 tokens
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from algorithms.policies.networks.adapters import Adapters
from algorithms.policies.networks.cnn import NatureCNN
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.mlp import MLP
from algorithms.training_config import Episodes, TrainingConfig
from envs import TASKS as REGISTERED
from envs.api import Features, Image, Task, Transcript
from envs.language.env import LanguageMDP
from envs.language.models.transcript import ModelTranscript

RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
LAST_FIFTH = 0.8  # an objective is the mean over the checkpoints from here on, never the last one alone

CONTROL = TrainingConfig(network=MLP((64, 64)), discount=0.99, collection=Episodes(envs=8), learning_rate=3e-3)
TEXT = TrainingConfig(network=GRU(32), discount=1.0, collection=Episodes(envs=64, group=4), learning_rate=3e-3)
# adapters learn at higher rates than the weights that they change (Schulman et al. 2025, "LoRA without regret")
LANGUAGE = replace(TEXT, network=Adapters(), collection=Episodes(envs=32, group=4))
# whole episodes of images are large: a thousand steps of four environments are 113 MB a member
IMAGES = replace(CONTROL, network=NatureCNN(512), collection=Episodes(envs=4), learning_rate=3e-4)

# published settings where there are some: networks, discounts and what is normalised as in rl-baselines3-zoo (zoo) and
# Tianshou; rewards scaled so that discounted returns are of the order of 10
SHORT = replace(CONTROL, collection=Episodes(envs=32))
BODY = replace(CONTROL, normalise_observations=True, initial_log_std=-0.5, reward_scale=0.1, critic_rate=3.0)
LANDER = replace(CONTROL, discount=0.999, reward_scale=0.1, collection=Episodes(envs=16))
DRIVING = replace(CONTROL, network=MLP((256, 256)), discount=0.8, collection=Episodes(envs=16), learning_rate=1e-3)

TASKS: dict[str, TrainingConfig] = {
    "CartPole-v1": CONTROL,
    "Acrobot-v1": replace(CONTROL, normalise_observations=True),
    "Pendulum-v1": replace(CONTROL, discount=0.9, normalise_observations=True, reward_scale=0.1, critic_rate=3.0),
    "MountainCarContinuous-v0": replace(CONTROL, normalise_observations=True, initial_log_std=1.0),
    "MountainCar-v0": replace(CONTROL, normalise_observations=True, collection=Episodes(envs=16)),
    "CartPole-v0": CONTROL,
    "LunarLander-v3": LANDER,
    "LunarLanderContinuous-v3": LANDER,
    "BipedalWalker-v3": replace(LANDER, normalise_observations=True),
    "InvertedPendulum-v5": replace(BODY, discount=0.999),
    "InvertedDoublePendulum-v5": replace(BODY, reward_scale=0.01),
    "Reacher-v5": replace(BODY, discount=0.9, reward_scale=1.0, collection=Episodes(envs=16)),
    "Swimmer-v5": replace(BODY, discount=0.9999),
    "Hopper-v5": replace(BODY, discount=0.999),
    "HalfCheetah-v5": replace(BODY, discount=0.98),
    "Walker2d-v5": BODY,
    "FrozenLake-v1": SHORT,
    "Taxi-v3": replace(SHORT, reward_scale=0.1),
    "CliffWalking-v1": replace(SHORT, reward_scale=0.01),
    "Blackjack-v1": replace(SHORT, discount=1.0),
    "Catch-v0": replace(SHORT, discount=1.0),
    "Jumanji/Game2048-v1": replace(CONTROL, reward_scale=0.01, collection=Episodes(envs=16)),
    "MiniGrid-DoorKey-5x5-v0": replace(CONTROL, collection=Episodes(envs=16)),
    "Pong-v5": IMAGES,
    "Highway-v0": DRIVING,
    "Roundabout-v0": DRIVING,
}

BUDGET = 100_000  # where neither an experiment nor this table says one
BUDGETS: dict[str, int] = {
    "CartPole-v1": 250_000,
    "Acrobot-v1": 150_000,
    "Pendulum-v1": 200_000,
    "MountainCarContinuous-v0": 100_000,
    "MountainCar-v0": 300_000,
    "CartPole-v0": 100_000,
    "LunarLander-v3": 500_000,
    "LunarLanderContinuous-v3": 500_000,
    "BipedalWalker-v3": 2_000_000,
    "InvertedPendulum-v5": 200_000,
    "InvertedDoublePendulum-v5": 500_000,
    "Reacher-v5": 500_000,
    "Swimmer-v5": 1_000_000,
    "Hopper-v5": 1_000_000,
    "HalfCheetah-v5": 1_000_000,
    "Walker2d-v5": 1_000_000,
    "FrozenLake-v1": 200_000,
    "Taxi-v3": 500_000,
    "CliffWalking-v1": 200_000,
    "Blackjack-v1": 100_000,
    "Catch-v0": 50_000,
    "Jumanji/Game2048-v1": 500_000,
    "MiniGrid-DoorKey-5x5-v0": 200_000,
    "Pong-v5": 2_000_000,
    "Highway-v0": 50_000,
    "Roundabout-v0": 50_000,
    "bandit/medium": 50_000,
    "transduce/copy-shifted": 60_000,
    "dyck/sparse-medium": 60_000,
}

with (Path(__file__).parent / "learning_rates.csv").open(newline="") as _file:
    LEARNING_RATES: dict[str, dict[str, dict[str, float]]] = {}  # protocol, task, variant
    for _row in csv.DictReader(_file):
        _of_task = LEARNING_RATES.setdefault(_row["protocol"], {}).setdefault(_row["task"], {})
        _of_task[_row["variant"]] = float(_row["learning_rate"])


def training_config(task: Task, variant: str, protocol: str = "ladder") -> TrainingConfig:
    """What the comparison holds fixed on this task, at this variant's learning rate."""
    return replace(_base(task), learning_rate=learning_rate(task, variant, protocol))


def normalised(task: Task) -> tuple[str, ...]:
    """What is normalised because the task is not known here: nobody has chosen a scale of its observations and rewards.

    Texts need none: tokens have no scale, and a KL is in units of the reward.
    """
    observation = task.spec.observation
    if task.name in TASKS or task.name in REGISTERED or isinstance(observation, Transcript):
        return ()
    return ("observations", "returns") if isinstance(observation, Features) else ("returns",)


def _base(task: Task) -> TrainingConfig:
    observation = task.spec.observation
    text = isinstance(observation, Transcript)
    plain = IMAGES if isinstance(observation, Image) else TEXT if text else CONTROL
    if isinstance(observation, ModelTranscript):
        plain = replace(LANGUAGE, network=_adapters(task))
    base = TASKS.get(task.name, plain)
    if text:  # a learner on text sees the whole episode and has no reason for another discount than J's
        base = replace(base, discount=task.gamma)
    parts = normalised(task)
    return replace(
        base,
        normalise_observations=base.normalise_observations or "observations" in parts,
        normalise_returns=base.normalise_returns or "returns" in parts,
    )


def _adapters(task: Task) -> Adapters:
    """Adapters that begin where the reference policy is: at those of supervised fine-tuning, if the task has them."""
    start = task.factory.reference_adapters if isinstance(task.factory, LanguageMDP) else None
    return Adapters() if start is None else Adapters(*start.shape, start=start)


def learning_rate(task: Task, variant: str, protocol: str = "ladder") -> float:
    """The protocol's; where that has none, the other's, and at last the task's base rate."""
    if protocol not in LEARNING_RATES:
        raise ValueError(
            f"no learning rates were chosen under protocol {protocol!r}; there are {', '.join(LEARNING_RATES)}"
        )
    for of_protocol in (LEARNING_RATES[protocol], *LEARNING_RATES.values()):
        if (rate := of_protocol.get(task.name, {}).get(variant)) is not None:
            return rate
    return _base(task).learning_rate


def has_selected_rate(task: Task, variant: str) -> bool:
    """Whether a learning rate was selected for the variant on the task, under any protocol."""
    return any(variant in by_task.get(task.name, {}) for by_task in LEARNING_RATES.values())


def budget(task: Task) -> int:
    """Environment steps a member, where an experiment does not say."""
    return BUDGETS.get(task.name, BUDGET)

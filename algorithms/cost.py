"""Estimates of the training time of a population on one process. They order cells and are shown to the user."""

from __future__ import annotations

from collections.abc import Iterable

from algorithms.composition import Schedule
from algorithms.policies.networks.gru import GRU
from algorithms.training_config import TrainingConfig, Unroll
from envs.api import Features, Image, Task, Transcript
from envs.delayed import delay_s
from envs.language.models.transcript import ModelTranscript

ACTED_PER_S, LEARNED_PER_S = 2_500_000, 900_000  # rows
CALLS_PER_S, UPDATES_PER_S = 5_000, 150  # calls of a population's policy and steps of its optimiser, even with few rows
READ_PER_S = 600  # tokens that a recurrent network reads one after the other, forwards and backwards
SIMULATED_PER_S = {"Box2D": 30_000, "robot control": 9_000, "driving": 1_500}  # environment steps, by field
# products with a frozen language model: to write a token and to read it under the reference, and to learn from it once; and
# a thread's rate, from the processor seconds of released cells that were trained again
PLAYED_PRODUCTS, LEARNED_PRODUCTS, OPERATIONS_PER_S = 4, 4, 20e9
IMAGES_PER_S = 200  # with a convolutional policy
# steps of an episode, of tasks where they are far fewer than the horizon: means over the training of the released runs
EPISODE_STEPS = {"FrozenLake-v1": 7, "Taxi-v3": 100, "CliffWalking-v1": 100, "Blackjack-v1": 1}
LONGEST = 8  # a rollout of whole episodes is as long as its longest, about so many times the mean
WIDE = 64  # numbers of an observation that cost as much as the rest of the network


def sampled_seconds(
    task: Task,
    training: TrainingConfig,
    schedule: Schedule,
    critic: bool,
    env_steps: int,
    members: int,
    passes: int = 1,
) -> float:
    """Seconds to train a population that plays `env_steps` per member: simulation, acting, learning, calls and updates.

    A rollout of whole episodes has a row for each step of its longest episode: of shorter ones most rows hold nothing.
    passes: how often a step of the optimiser differentiates its rows (`algorithms.composition.passes_of`).
    """
    rows, often = env_steps * members, (passes + critic) * schedule.epochs
    slow = rows * delay_s(task.factory)
    if isinstance(task.spec.observation, Image):
        return slow + rows / IMAGES_PER_S
    slow += rows / SIMULATED_PER_S.get(task.field, float("inf"))
    if isinstance(observation := task.spec.observation, ModelTranscript):
        slow += language_seconds(observation.model.matrices, rows, (1 + critic) * passes * schedule.epochs)
    collection = training.collection
    if isinstance(collection, Unroll):
        episode = length = collection.steps
    else:
        episode = EPISODE_STEPS.get(task.name, task.spec.horizon)
        length = min(LONGEST * episode, task.spec.horizon)
    updates = env_steps / (collection.envs * episode)
    calls, played = updates * length, updates * length * collection.envs * members
    learned = played * often
    observed = task.spec.observation.size if isinstance(task.spec.observation, Features) else 0
    width = 1 + observed / WIDE
    computed = updates * schedule.steps * passes / UPDATES_PER_S + played / ACTED_PER_S + learned / LEARNED_PER_S
    if isinstance(observation, Transcript) and isinstance(training.network, GRU):
        computed += updates * schedule.steps * passes * (observation.length - 1) / READ_PER_S
    return slow + calls / CALLS_PER_S + width * computed


def language_seconds(matrices: Iterable[tuple[int, int]], tokens: int, passes: int = 1) -> float:
    """Seconds in which a population writes so many tokens and learns from them, with a frozen model of these matrices.

    passes  how often it learns from each token: epochs, critic and products of the update rule
    """
    products = PLAYED_PRODUCTS + LEARNED_PRODUCTS * passes
    return products * sum(rows * columns for rows, columns in matrices) * tokens / OPERATIONS_PER_S


def enumerated_seconds(task: Task, training: TrainingConfig, texts: int, env_steps: int, members: int) -> float:
    """Seconds to train a population whose updates each compute all `texts` that the task has before an action."""
    updates = env_steps / (training.collection.envs * task.spec.horizon)
    return updates * (1 / UPDATES_PER_S + texts * members / LEARNED_PER_S)

"""How long jobs take and how much there is to do: estimates, for the order of jobs and for what a command says first."""

from __future__ import annotations

from collections.abc import Sequence

from algorithms.exact import ExactReturn
from algorithms.peer import Peer
from algorithms.setting import Unroll
from algorithms.update import Exact
from benchmarks.design.gradient_experiment import Measurement
from benchmarks.display import duration
from benchmarks.execution.engine import Job, total_steps
from benchmarks.experiment import Cell
from envs.api import Image
from envs.slowed import Slowed

# of one process: rows a second, acting and learning
ACTED_PER_S, LEARNED_PER_S, MEASURED_PER_S = 370_000, 400_000, 120_000
CALLS_PER_S, UPDATES_PER_S = 1_200, 750  # of a population's policy and of its optimiser, however few their rows
SIMULATED_PER_S = {"Box2D": 30_000, "robot control": 9_000, "driving": 1_500}  # environment steps, by field
IMAGES_PER_S = 200  # with a convolutional policy
SB3_PER_S = {"a2c": 3_000, "ppo": 1_000, "dqn": 700}  # of stable-baselines3, one seed after another
BYTES_PER_CELL = 12_000


def cell_seconds(cell: Cell) -> float:
    """About how long one process trains a cell: rows simulated, acted, learned from, enumerated; calls and updates."""
    if not cell.variant.update.trains:
        return 1.0
    rows = cell.env_steps * len(cell.members.seeds)
    if isinstance(cell.variant.update, Peer):
        return rows / SB3_PER_S[cell.variant.update.algorithm]
    if isinstance(cell.variant.update, Exact):
        updates = cell.env_steps / (cell.training.collection.envs * cell.task.spec.horizon)
        enumerated = len(ExactReturn(cell.task).enumeration.probability) * cell.task.spec.horizon
        return updates * enumerated * len(cell.members.seeds) / LEARNED_PER_S
    slow = rows * factory.step_s if isinstance(factory := cell.task.factory, Slowed) else 0.0
    if isinstance(cell.task.spec.observation, Image):
        return slow + rows / IMAGES_PER_S
    slow += rows / SIMULATED_PER_S.get(cell.task.field, float("inf"))
    collection, schedule = cell.training.collection, cell.variant.schedule
    calls = cell.env_steps / collection.envs
    steps = calls / (collection.steps if isinstance(collection, Unroll) else cell.task.spec.horizon) * schedule.steps
    learned = rows * (1 + cell.variant.estimator.baseline.critic) * schedule.epochs
    return slow + calls / CALLS_PER_S + steps / UPDATES_PER_S + rows / ACTED_PER_S + learned / LEARNED_PER_S


def measurement_seconds(measurement: Measurement) -> float:
    """About how long one process takes to draw the gradients of a measurement."""
    return 0.3 + measurement.env_steps * measurement.replicates / MEASURED_PER_S


def summary(jobs: Sequence[Job], at_once: int) -> str:
    """How much there is to do, in one line."""
    steps = sum(total_steps(job) for job in jobs)
    seconds = sum(job.expected_seconds for job in jobs) / at_once
    disk = len(jobs) * BYTES_PER_CELL / 1e6
    return f"{len(jobs)} cells, {steps:,} environment steps, about {duration(seconds)} (min:s), {disk:.1f} MB"

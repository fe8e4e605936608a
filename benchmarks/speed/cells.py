"""Whole cells on one core: training, evaluation and diagnostics, as in a run of an experiment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from algorithms import VARIANTS
from algorithms.training.evaluation import Evaluation
from algorithms.training.learner import Learner
from algorithms.training.records import Members
from algorithms.training.run import Run, train
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import resolve
from envs import TASKS

SEEDS = 10


class UndiagnosedLearner(Learner):
    """A learner that reads no diagnostics, to find what they cost."""

    diagnoses = False


@dataclass(frozen=True)
class SpeedCell:
    """`seeds` seeds of a variant on a task, `env_steps` each, in the settings of the ladder."""

    task: str
    variant: str
    env_steps: int
    seeds: int = SEEDS

    @property
    def what(self) -> str:
        """For the reader of a row."""
        return (
            f"{self.seeds} seeds of {self.variant}, {self.task}, {self.env_steps:,} steps a seed, evaluation included"
        )

    def seconds(self) -> tuple[float, int]:
        """(seconds of one run of the cell, environment steps of all members)."""
        run = self._run(Evaluation())
        start = time.perf_counter()
        for _ in train(run):
            pass
        return time.perf_counter() - start, int(run.env_steps.sum())

    def rate(self) -> float:
        """Environment steps, or tokens, a second."""
        seconds, steps = self.seconds()
        return steps / seconds

    def seconds_of_training(self) -> float:
        """Seconds of the same training without evaluation and diagnostics."""
        run = self._run(Evaluation(1, 1, greedy=False), UndiagnosedLearner)
        for _ in train(run):
            pass
        return run.wall_s

    def share_of_evaluation(self) -> float:
        """Percentage of a cell's seconds that evaluation and diagnostics take."""
        training = self.seconds_of_training()
        return 100 * (1 - training / self.seconds()[0])

    @property
    def cell(self) -> Cell:
        """As a cell of an experiment."""
        task = TASKS[self.task]
        variant, training = resolve(task, VARIANTS[self.variant])
        members = Members(tuple(range(self.seeds)), (training.learning_rate,) * self.seeds)
        return Cell(task, variant, training, members, self.env_steps, Evaluation())

    def _run(self, evaluation: Evaluation, learner: Callable[..., Learner] = Learner) -> Run:
        cell, variant = self.cell, VARIANTS[self.variant]
        return Run(cell.task, variant, cell.training, cell.members, self.env_steps, evaluation, make_learner=learner)


# as many steps a seed as performance is documented for (docs/performance.md)
CELLS = (
    SpeedCell("CartPole-v1", "gae", 50_000),
    SpeedCell("CartPole-v1", "ppo", 50_000),
    SpeedCell("CartPole-v1", "a2c", 100_000),
    SpeedCell("dyck/sparse-medium", "gae", 10_000),
    SpeedCell("lock/medium", "ppo", 5_000),
)
SHARES = (CELLS[0], CELLS[3])  # of which the share of evaluation and diagnostics is measured

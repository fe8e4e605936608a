"""A cell: one population, trained in one process, whose rows lie in one file."""

from __future__ import annotations

from dataclasses import dataclass

from algorithms.algorithm import Algorithm
from algorithms.training.elimination import StoppingRule
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from algorithms.training_config import TrainingConfig
from benchmarks.design.identity import hashed_description
from benchmarks.store.descriptions import digest_of_hashed
from benchmarks.store.file_names import file_safe
from envs.api import Task

RESULTS_VERSION = 4  # raise it when a change of code moves results: every cell then trains anew


@dataclass(frozen=True)
class Cell:
    """One population: its task, algorithm, fixed settings, members, budget of environment steps a member.

    race  who may be stopped early, where members differ
    """

    task: Task
    algorithm: Algorithm
    training: TrainingConfig
    members: Members
    env_steps: int
    evaluation: Evaluation
    race: StoppingRule | None = None

    @property
    def digest(self) -> str:
        """Hash of everything that its numbers depend on."""
        return digest_of_hashed(hashed_description(self), results_version=RESULTS_VERSION)

    @property
    def file_name(self) -> str:
        """Readable, and unique by its digest."""
        task = file_safe(self.task.name)
        first, last = self.members.seeds[0], self.members.seeds[-1]
        return f"{task}__{file_safe(self.algorithm.name)}__seeds{first}-{last}__{self.digest}.parquet"

    @property
    def label(self) -> str:
        return f"{self.task.name} x {self.algorithm.name}"


def run_name(cell: Cell, seed: int, rate: float) -> str:
    """A member's run; its rate is part of the name only where the cell's members differ in it."""
    name = f"{file_safe(cell.task.name)}__{file_safe(cell.algorithm.name)}__seed{seed}"
    return name if len(set(cell.members.rates)) == 1 else f"{name}__rate{rate:g}"

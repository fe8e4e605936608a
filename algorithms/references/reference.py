"""What references have in common: they are made from no variant, and nothing of ours is tuned in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from algorithms.algorithm import Job
from algorithms.composition import Processes
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.records import Members
from algorithms.training.state import RunState
from algorithms.training_config import TrainingConfig
from envs.api import Task
from envs.validation import UsageError


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The answers of a reference that does not learn; one that does overrides them."""

    name: str
    summary: str = field(metadata={"hashed": False})

    parent = None
    changes = ""
    needs = ()
    fixed = ()
    critic = False
    learns = False
    exact = False
    tunable = False
    repeatable = True

    @property
    def unsettable(self) -> str | None:
        """Why single fields of its settings cannot be set; None where they can."""
        return "it does not learn"

    @property
    def unsaved(self) -> str | None:
        """Why it leaves no policy to save; None where it does."""
        return "trains nothing, so there is no policy to save"

    def reason_unsupported(self, task: Task) -> str | None:
        """It runs anywhere."""
        return None

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """As it is."""
        return training

    def with_processes(self, processes: Processes) -> NoReturn:
        """UsageError: only variants have actors."""
        reason = "follows no gradient of ours" if self.learns else "does not learn from rollouts"
        raise UsageError(f"{self.name} {reason}")

    def device(self, requested: str) -> str:
        """As requested."""
        return requested

    def expected_seconds(self, job: Job) -> float:
        """Of one evaluation, roughly."""
        return 1.0

    def reason_unusable(self, job: Job, state: RunState, records: int, device: str) -> str | None:
        """It leaves no RunState."""
        return "it is of an algorithm that does not learn"

    def policy(self, task: Task, training: TrainingConfig, members: Members, device: str = "cpu") -> ActorCritic:
        """ValueError: there is none."""
        raise ValueError(f"{self.name} {self.unsaved}")

"""The common part of references: they have no parent variant, and their fields are not tuned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from algorithms.algorithm import Methods, TrainingPlan
from algorithms.composition import Processes
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.records import Members
from algorithms.training.state import RunState
from algorithms.training_config import TrainingConfig
from envs.api import Task
from envs.naming.titles import title_of_variant
from envs.validation import UsageError


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The defaults are those of a reference that does not learn; references that learn override them."""

    name: str
    summary: str = field(metadata={"hashed": False})
    shown_as: str = field(default="", compare=False, metadata={"hashed": False})

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
    def title(self) -> str:
        """Its name for readers."""
        return self.shown_as or title_of_variant(self.name)

    @property
    def unsettable(self) -> str | None:
        """Why single fields of its settings cannot be set; None if they can."""
        return "it does not learn"

    @property
    def unsaved(self) -> str | None:
        """Why it has no policy to save; None if it has one."""
        return "trains nothing, so there is no policy to save"

    @property
    def methods(self) -> Methods:
        """What reports say of how it trains."""
        return Methods()

    def reason_unsupported(self, task: Task) -> str | None:
        """None: it runs on every task."""
        return None

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The settings, unchanged."""
        return training

    def with_processes(self, processes: Processes) -> NoReturn:
        """UsageError: only variants have actors."""
        reason = "follows no gradient of ours" if self.learns else "does not learn from rollouts"
        raise UsageError(f"{self.name} {reason}")

    def device(self, requested: str) -> str:
        """The requested device."""
        return requested

    def expected_seconds(self, plan: TrainingPlan) -> float:
        """Estimated seconds of one evaluation."""
        return 1.0

    def reason_unusable(self, plan: TrainingPlan, state: RunState, records: int, device: str) -> str | None:
        """There is no RunState to continue from."""
        return "it is of an algorithm that does not learn"

    def policy(self, task: Task, training: TrainingConfig, members: Members, device: str = "cpu") -> ActorCritic:
        """ValueError: there is none."""
        raise ValueError(f"{self.name} {self.unsaved}")

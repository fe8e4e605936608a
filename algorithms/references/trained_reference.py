"""The common part of references that learn in this project's loop: a Run with a learner or updates of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

from algorithms.algorithm import TrainingPlan, reason_unusable
from algorithms.composition import Composition, FirstOrder
from algorithms.cost import sampled_seconds
from algorithms.estimators.baseline import Zero
from algorithms.estimators.credit import EpisodeReturn
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.surrogate import Score
from algorithms.policies.actor_critic import ActorCritic
from algorithms.references.reference import Reference
from algorithms.training.build import build_policy
from algorithms.training.records import Members, TrainingEvent
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.training_config import TrainingConfig
from envs.api import Task

# for collecting rollouts: whole episodes, without further signals
COMPOSITION = Composition(estimator=Estimator(EpisodeReturn(), Zero(), Score()), update=FirstOrder())


@dataclass(frozen=True, kw_only=True)
class TrainedReference(Reference, ABC):
    """A reference whose policies are trained like a variant's, and are continued and saved like them."""

    learns = True
    unsettable = None
    unsaved = None

    @abstractmethod
    def run(self, plan: TrainingPlan, device: str) -> Run:
        """The run, not begun."""

    @property
    def epochs(self) -> int:
        """Steps of the optimiser on a rollout."""
        return 1

    def expected_seconds(self, plan: TrainingPlan) -> float:
        """Estimated seconds: those of a variant without a critic."""
        members, schedule = len(plan.members.seeds), replace(COMPOSITION.schedule, epochs=self.epochs)
        return sampled_seconds(plan.task, plan.training, schedule, False, plan.env_steps, members)

    def reason_unusable(self, plan: TrainingPlan, state: RunState, records: int, device: str) -> str | None:
        """Why training cannot continue from this RunState; None if it can."""
        return reason_unusable(self.run(plan, device), state, records)

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """Train like a variant."""
        run = self.run(plan, device)
        yield from train(run, state)
        yield run.trained()

    def policy(self, task: Task, training: TrainingConfig, members: Members, device: str = "cpu") -> ActorCritic:
        """The untrained policies of a population."""
        return build_policy(task, COMPOSITION, training, members, device)

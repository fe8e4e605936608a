"""Best of n: of n texts of the reference policy, the one that pays most. Known exactly where all texts are listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from algorithms.algorithm import TrainingPlan
from algorithms.references.reference import Reference
from algorithms.training.records import Record, TrainingEvent
from algorithms.training.state import RunState
from envs.api import Task
from envs.validation import check_least


class Worth(Protocol):
    """What a policy's texts are worth: its KL to the reference in nats an episode, what pays, and gold."""

    @property
    def kl(self) -> float: ...
    @property
    def proxy(self) -> float: ...
    @property
    def gold(self) -> float: ...


@runtime_checkable
class HasBestOf(Protocol):
    """A task that knows the best of n texts of its reference policy by what it pays."""

    def best_of(self, n: int) -> Worth:
        """The worth of the best of n."""


@dataclass(frozen=True, kw_only=True)
class BestOfN(Reference):
    """J = E[R of the best] - beta KL."""

    n: int

    def __post_init__(self) -> None:
        check_least(n=(self.n, 1))

    def reason_unsupported(self, task: Task) -> str | None:
        """Why the best of n is unknown; None if it is known."""
        if isinstance(task.factory, HasBestOf):
            return None
        return "needs a task that lists all texts of its reference policy, and this one does not"

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """One Record per seed, the same for all."""
        task = plan.task
        assert isinstance(task.factory, HasBestOf)
        worth = task.factory.best_of(self.n)
        value, measures = worth.proxy - task.beta * worth.kl, {"kl": worth.kl, "gold": worth.gold}
        for member, seed in enumerate(plan.members.seeds):
            yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, value, value, False, measures, member=member)

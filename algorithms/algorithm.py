"""What the harness asks of an algorithm: which tasks it can learn, its settings there, and its training.

A Variant is one (algorithms.variant); the others are the references that variants are read against (algorithms.references).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from algorithms.composition import Processes
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.elimination import StoppingRule
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, TrainingEvent
from algorithms.training.run import Run
from algorithms.training.state import RunState
from algorithms.training_config import TrainingConfig
from envs.api import Task


class Job(Protocol):
    """A population to train; a cell of the harness is one.

    env_steps  a member's budget        race  who may be stopped early, where members differ in more than a seed and a rate
    """

    @property
    def task(self) -> Task: ...
    @property
    def training(self) -> TrainingConfig: ...
    @property
    def members(self) -> Members: ...
    @property
    def env_steps(self) -> int: ...
    @property
    def evaluation(self) -> Evaluation: ...
    @property
    def race(self) -> StoppingRule | None: ...


class Algorithm(Protocol):
    """Something that a cell can run."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def parent(self) -> str | None:
        """The variant that differs from this one in one part."""

    @property
    def changes(self) -> str:
        """That part."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Parts that had to change along with it."""

    @property
    def fixed(self) -> tuple[tuple[str, Any], ...]:
        """Fields of the TrainingConfig that are part of it, and are not tuned."""

    @property
    def critic(self) -> bool:
        """Whether it learns a critic."""

    @property
    def learns(self) -> bool:
        """Whether it spends environment steps on training."""

    @property
    def exact(self) -> bool:
        """Whether it reads the model of the task instead of playing: only some tasks have one."""

    @property
    def tunable(self) -> bool:
        """Whether its fields can be searched, its learning rate among them."""

    @property
    def repeatable(self) -> bool:
        """Whether its rows are the same bit for bit when it runs again on an environment that repeats."""

    @property
    def unsettable(self) -> str | None:
        """Why single fields of its settings cannot be set; None where they can."""

    @property
    def unsaved(self) -> str | None:
        """Why it leaves no policy to save; None where it does."""

    def reason_unsupported(self, task: Task) -> str | None:
        """Why it cannot run on the task; None where it can."""

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The task's settings with those that are part of the algorithm. UsageError where they exclude each other."""

    def with_processes(self, processes: Processes) -> Algorithm:
        """The same with real actors. UsageError where it cannot have them."""

    def device(self, requested: str) -> str:
        """Where it trains."""

    def expected_seconds(self, job: Job) -> float:
        """Of one process, roughly."""

    def reason_unusable(self, job: Job, state: RunState, records: int, device: str) -> str | None:
        """Why training cannot go on from this RunState, which came after so many records; None where it can."""

    def train(self, job: Job, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """Train to the end of the budget, from the RunState where there is one.

        Yields Progress, a Record for each member and checkpoint, and States to go on from; last, where its policies can be
        saved, Trained.
        """

    def policy(self, task: Task, training: TrainingConfig, members: Members, device: str = "cpu") -> ActorCritic:
        """The untrained policies of a population. ValueError where they are not ours to build."""


def reason_unusable(run: Run, state: RunState, records: int) -> str | None:
    """Why `run`, which has not begun, cannot go on from the RunState; None where it can. Nothing else may use the run: the
    RunState is restored into it.
    """
    varied = bool(run.members.varied)
    if varied:
        if missing := sorted({"members", "checkpoint_returns", "steps_of_stopped"} - state.meta.keys()):
            return f"it lacks {', '.join(missing)}"
        run = run.select_members(state.meta["members"])
    if reason := run.reason_unusable(state):
        return reason
    run.restore(state)
    return None if varied else reason_wrong_count(records, run.checkpoints.evaluated * len(run.members.seeds))


def reason_wrong_count(found: int, wanted: int) -> str | None:
    """A sentence where a RunState holds another number of records than its checkpoints have."""
    return None if found == wanted else f"it holds {found} records, and its checkpoints have {wanted}"

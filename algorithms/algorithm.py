"""The protocol of an algorithm: which tasks it can learn, its settings on them, and its training.

Algorithms are the variants (algorithms.variant) and the references for comparison (algorithms.references).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, NamedTuple, Protocol

from algorithms.composition import Processes
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.elimination import StoppingRule
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, TrainingEvent
from algorithms.training.run import Run
from algorithms.training.state import RunState
from algorithms.training_config import TrainingConfig
from envs.api import Task


class TrainingPlan(Protocol):
    """A population to train and how, such as a cell.

    env_steps  budget of each member    race  rule for stopping members early, if their configurations differ
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


class Methods(NamedTuple):
    """What reports say of how an algorithm trains.

    library           the library that trains it, with its own networks and settings; empty: this project
    own_rate          whether its learning rate is part of it
    steps_per_update  optimiser steps of each counted update; None: they are not counted
    """

    library: str = ""
    own_rate: bool = False
    steps_per_update: int | None = None


class Algorithm(Protocol):
    """An algorithm that a cell can run."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str:
        """Its name for readers, in figures."""

    @property
    def summary(self) -> str: ...
    @property
    def parent(self) -> str | None:
        """The variant that differs from this one in one part."""

    @property
    def changes(self) -> str:
        """The part in which it differs from its parent."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Parts that had to change along with that part."""

    @property
    def fixed(self) -> tuple[tuple[str, Any], ...]:
        """Fields of the TrainingConfig that are part of the algorithm and are not tuned."""

    @property
    def critic(self) -> bool:
        """Whether it learns a critic."""

    @property
    def learns(self) -> bool:
        """Whether it spends environment steps on training."""

    @property
    def exact(self) -> bool:
        """Whether it reads the model of the task instead of playing; only some tasks have a model."""

    @property
    def tunable(self) -> bool:
        """Whether its fields can be tuned, including its learning rate."""

    @property
    def repeatable(self) -> bool:
        """Whether its results repeat bit for bit on an environment that repeats."""

    @property
    def unsettable(self) -> str | None:
        """Why single fields of its settings cannot be set; None if they can."""

    @property
    def unsaved(self) -> str | None:
        """Why it has no policy to save; None if it has one."""

    @property
    def methods(self) -> Methods:
        """What reports say of how it trains."""

    def reason_unsupported(self, task: Task) -> str | None:
        """Why it cannot run on the task; None if it can."""

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The task's settings, with those that are part of the algorithm. UsageError if they are incompatible."""

    def with_processes(self, processes: Processes) -> Algorithm:
        """The algorithm with real actors. UsageError if it cannot have them."""

    def device(self, requested: str) -> str:
        """The device on which it trains."""

    def expected_seconds(self, plan: TrainingPlan) -> float:
        """Estimated seconds of training on one process."""

    def reason_unusable(self, plan: TrainingPlan, state: RunState, records: int, device: str) -> str | None:
        """Why training cannot continue from this RunState, saved after `records` Records; None if it can."""

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """Train to the end of the budget, from the RunState if there is one.

        Yields Progress, a Record for each member and checkpoint, and RunStates to continue from. If its policies can be
        saved, the last event is Trained.
        """

    def policy(self, task: Task, training: TrainingConfig, members: Members, device: str = "cpu") -> ActorCritic:
        """The untrained policies of a population. ValueError if this project does not build them."""


MEMBERS = tuple(name for name in vars(Algorithm) if not name.startswith("_"))


def reason_no_algorithm(value: object) -> str:
    """Why the value is no Algorithm, as a clause of which it is the subject; empty if it is one."""
    missing = [name for name in MEMBERS if not hasattr(value, name)]
    if len(missing) == len(MEMBERS):
        return "is no algorithm: it is neither a Variant nor a Reference, and has none of what an Algorithm needs"
    if missing:
        return f"is no algorithm: it lacks {', '.join(missing)}"
    if not is_dataclass(value) or isinstance(value, type):
        return "is no dataclass: a cell is identified by the fields of its algorithm"
    return ""


def reason_unusable(run: Run, state: RunState, records: int) -> str | None:
    """Why `run`, which has not begun, cannot continue from the RunState; None if it can, after restoring the state."""
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
    """The reason if the number of Records does not match the checkpoints of a RunState, else None."""
    return None if found == wanted else f"it holds {found} records, and its checkpoints have {wanted}"

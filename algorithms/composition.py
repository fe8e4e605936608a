"""The parts of an algorithm that training reads: an estimator, an update rule and a schedule of updates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, runtime_checkable

from torch import Tensor

from algorithms.estimators.estimator import Estimator
from algorithms.estimators.loss import Stepper
from algorithms.estimators.rollout import Batch, PartState
from algorithms.parts import check_parts
from algorithms.policies.nucleus import TopP
from algorithms.staleness.clock import ActorSchedule
from algorithms.tunable import Choice, Context, tunable


@dataclass(frozen=True)
class Processes:
    """Actor processes that run in parallel to the learner.

    actors      number of actor processes
    longest     largest age in updates of a rollout that is learned from; an actor waits while its next rollout could exceed
                it. Hogwild has no such bound
    hogwild     actors share the parameters and not rollouts: each updates them from its own rollout, without a lock
                (Recht et al. 2011; Mnih et al. 2016)
    patience_s  seconds after which an actor with a pending message is stopped if it sends nothing
    """

    actors: int = 2
    longest: int = 8
    hogwild: bool = False
    patience_s: float = 300.0

    def __post_init__(self) -> None:
        if self.actors < 1 or self.longest < 0:
            raise ValueError(f"needs 1 actor and longest 0 at least, not {self.actors} and {self.longest}")
        if not self.patience_s > 0:
            raise ValueError(f"patience_s must be positive, not {self.patience_s}")


def _reuses(schedule: Schedule, context: Context) -> bool:
    """Whether a rollout is already learned from more than once; other variants do not correct for that."""
    return schedule.steps > 1


@dataclass(frozen=True)
class Schedule:
    """Which rollouts each update learns from, and how often.

    lag        learn at update u from the rollout of u - lag
    actors     simulated actors with different lags, instead of one lag (algorithms.staleness.clock)
    gradient   the policy at which it is taken: the learner's (newest), or the one that acted (A3C: a worker's own copy)
    processes  real actors instead, whose runs do not repeat (algorithms.asynchronous.learner)
    epochs     passes over a rollout, each in `minibatches` steps
    tries      dynamic sampling: collect up to `tries` rollouts per update, until the batch is full of groups whose
               returns differ
    rounds     adaptive sampling: play each prompt in up to `rounds` groups, until half a group of its answers are right and
               half are wrong, and keep those (algorithms.training.groups.adaptive); the rounds that were needed are charged
    """

    lag: int = 0
    epochs: int = tunable(1, Choice((1, 2, 4, 8)), when=_reuses)
    minibatches: int = tunable(1, Choice((1, 2, 4, 8)), when=_reuses)
    tries: int = 1
    actors: ActorSchedule | None = None
    gradient: Literal["newest", "actor"] = "newest"
    processes: Processes | None = None
    rounds: int = 1

    def __post_init__(self) -> None:
        if (self.lag > 0) + (self.actors is not None) + (self.processes is not None) > 1:
            raise ValueError("a constant lag, simulated actors and real ones exclude each other")
        if self.gradient not in ("newest", "actor"):
            raise ValueError(f"gradient {self.gradient!r} is none of newest, actor")
        if self.gradient == "actor" and self.actors is None:
            raise ValueError("a gradient of the policy that acted needs simulated actors")
        if (self.gradient == "actor" or self.hogwild) and self.steps > 1:
            raise ValueError(f"a gradient of the policy that acted is good for one step a rollout, not {self.steps}")
        if self.lag < 0 or min(self.epochs, self.minibatches, self.tries, self.rounds) < 1:
            raise ValueError(f"needs lag 0, epochs, minibatches, tries and rounds 1 at least, not {self}")

    @property
    def steps(self) -> int:
        """Optimiser steps on a rollout."""
        return self.epochs * self.minibatches

    @property
    def stale(self) -> bool:
        """Whether rollouts may be played by other parameters than those that learn from them."""
        return self.lag > 0 or self.actors is not None or self.processes is not None

    @property
    def hogwild(self) -> bool:
        """Whether workers share parameters and not rollouts."""
        return self.processes is not None and self.processes.hogwild


class Update(Protocol):
    """How a gradient becomes a step.

    exact         the gradient is that of J, by enumeration; no rollout is played
    by_optimiser  the step is the optimiser's, along the gradient; else it is searched for, at the policy whose gradient it
                  is and on all rows of the batch
    """

    exact: ClassVar[bool]
    by_optimiser: ClassVar[bool]

    def step(self, learner: Stepper, batch: Batch) -> None:
        """Move the parameters, with the loss's gradient on the batch in policy.flat.gradient."""


@runtime_checkable
class RemembersSteps(Protocol):
    """An update rule that follows single steps of an environment, with numbers [P, D] that it carries along in `memory`."""

    def initial(self, values: Tensor) -> PartState:
        """The numbers before the first step, from the parameters [P, D]."""


def remembering(update: Update) -> RemembersSteps | None:
    """The update rule if it follows single steps."""
    return update if isinstance(update, RemembersSteps) else None


@dataclass(frozen=True)
class FirstOrder:
    """The estimator's gradient goes to the optimiser."""

    exact: ClassVar[bool] = False
    by_optimiser: ClassVar[bool] = True

    def step(self, learner: Stepper, batch: Batch) -> None:
        learner.apply()


@dataclass(frozen=True)
class ExactGradient:
    """The gradient of J goes to the optimiser. Each update is charged like a rollout."""

    exact: ClassVar[bool] = True
    by_optimiser: ClassVar[bool] = True

    def step(self, learner: Stepper, batch: Batch) -> None:
        learner.apply()


@dataclass(frozen=True, kw_only=True)
class Composition:
    """The parts that train a population.

    nucleus  restricts sampling to the most probable actions of a lagged policy; for discrete actions
    """

    estimator: Estimator
    update: Update
    schedule: Schedule = field(default_factory=Schedule)
    nucleus: TopP | None = None

    def __post_init__(self) -> None:
        check_parts(self, {"update": Update})
        for name, kind in (("estimator", Estimator), ("schedule", Schedule)):
            if not isinstance(part := getattr(self, name), kind):
                raise TypeError(f"{name} is of class {type(part).__name__}, which is no {kind.__name__}")

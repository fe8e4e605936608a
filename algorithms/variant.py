"""A variant of the policy gradient: a composition of parts, its relation to other variants, and its promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from algorithms.algorithm import Methods, TrainingPlan, reason_unusable
from algorithms.asynchronous.learner import reason_unsupported, train_asynchronously
from algorithms.composition import Composition, Processes, passes_of, remembering
from algorithms.cost import enumerated_seconds, sampled_seconds
from algorithms.estimators.estimator import Estimator
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.build import build_policy
from algorithms.training.elimination import train_with_elimination
from algorithms.training.records import Members, TrainingEvent
from algorithms.training.returns.exact_return import ExactReturn, reason_not_enumerable, text_mdp
from algorithms.training.returns.teacher import reason_no_teacher
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.training_config import Collection, TrainingConfig, Unroll, reason_unfit
from envs.api import Box, Task, Transcript
from envs.naming.titles import title_of_variant
from envs.validation import UnknownName, UsageError

Factor = Literal["one", "group", "batch", "success", "likelihood", "best_of_k", "signed"]


@dataclass(frozen=True)
class Promises:
    """Properties of an estimator's gradient that the conformance kit tests (algorithms.conformance.estimator).

    factor           its mean over grad J: "one" (unbiased), "group" ((G-1)/G), "batch" ((N-1)/N), or, for rewards of 0 or 1
                     and one prompt, one of algorithms.conformance.declared.success_rates; None: no closed form is known
    shift_invariant  a constant added to every final reward changes no coefficient
    scale_free       a positive factor on the rewards changes no coefficient (else it multiplies them)
    rloo_variance    its variance is the closed form for RLOO (a U-statistic)
    separable        the gradient of a batch is the sum of its episodes' gradients, once their advantages are given
    homogeneous      a positive factor on the rewards multiplies the coefficients, or with scale_free leaves them; False for
                     a scale with a unit of its own, as an exponential of the advantage
    """

    factor: Factor | None = None
    shift_invariant: bool = False
    scale_free: bool = False
    rloo_variance: bool = False
    separable: bool = True
    homogeneous: bool = True


@dataclass(frozen=True, kw_only=True)
class Variant(Composition):
    """A policy gradient. `changes` names the one part in which it differs from its `parent`.

    needs       parts that had to change along with it (such as the batch shape), for the table of variants
    collection  the window that this variant needs on control tasks; None: that of the settings
    fixed       fields of the TrainingConfig that are part of it (a preset's learning rate, say), as pairs
    promises    properties that the conformance kit tests; a rung never inherits them
    shown_as    its name in figures, which a rung does not inherit either; empty: words made of `name`
    """

    name: str
    summary: str = field(metadata={"hashed": False})
    collection: Collection | None = None
    parent: str | None = field(default=None, metadata={"hashed": False})
    changes: str = field(default="", metadata={"hashed": False})
    needs: tuple[str, ...] = field(default=(), metadata={"hashed": False})
    fixed: tuple[tuple[str, Any], ...] = ()
    promises: Promises = field(default_factory=Promises, metadata={"hashed": False})
    shown_as: str = field(default="", compare=False, metadata={"hashed": False})

    learns = True
    tunable = True
    unsettable = None
    unsaved = None

    def rung(
        self,
        name: str,
        summary: str,
        needs: dict[str, Any] | None = None,
        promises: Promises | None = None,
        shown_as: str = "",
        **change: Any,
    ) -> Variant:
        """The next rung of the ladder: this variant with exactly one part changed, and the parts that this needs."""
        if len(change) != 1:
            raise TypeError(f"a rung changes exactly one part, not {sorted(change)}")
        ((part, _),) = change.items()
        parts = {**change, **(needs or {})}
        of_estimator = {f.name for f in fields(Estimator)}
        inner = {k: v for k, v in parts.items() if k in of_estimator}
        outer = {k: v for k, v in parts.items() if k not in of_estimator}
        if unknown := outer.keys() - (of_self := {f.name for f in fields(self)}):
            raise UnknownName("part of a variant", min(unknown), of_estimator | of_self)
        return replace(
            self,
            name=name,
            summary=summary,
            estimator=replace(self.estimator, **inner),
            parent=self.name,
            changes=part,
            needs=tuple(needs or ()),
            promises=promises or Promises(),
            shown_as=shown_as,
            **outer,
        )

    @property
    def title(self) -> str:
        """Its name for readers."""
        return self.shown_as or title_of_variant(self.name)

    @property
    def critic(self) -> bool:
        """Whether its baseline is a critic."""
        return self.estimator.baseline.critic

    @property
    def exact(self) -> bool:
        """Whether it ascends the exact grad J."""
        return self.update.exact

    @property
    def repeatable(self) -> bool:
        """False with real actors."""
        return self.schedule.processes is None

    @property
    def methods(self) -> Methods:
        return Methods(own_rate="learning_rate" in dict(self.fixed), steps_per_update=self.schedule.steps)

    def reason_unsupported(self, task: Task) -> str | None:
        """Why it cannot learn the task; None if it can."""
        if self.exact and text_mdp(task) is None:
            return "needs an oracle, and this task has none"
        expects = self.estimator.reads_expected_return
        if expects and text_mdp(task) is None:
            return "needs the expected return after every text, and this task has no oracle"
        if (self.exact or expects) and (reason := reason_not_enumerable(task)):
            return f"needs a listing of all texts, and {reason}"
        if self.estimator.teacher is not None and (reason := reason_no_teacher(task)):
            return reason
        if remembering(self.update) is not None and isinstance(task.spec.observation, Transcript):
            return "learns from single steps, and texts are played as a whole"
        if self.nucleus is not None and isinstance(task.spec.action, Box):
            return "draws from the most probable actions, and continuous ones are not listed"
        if self.schedule.rounds > 1 and not isinstance(task.spec.observation, Transcript):
            return "plays a prompt again until it has right and wrong answers, and this task has no prompts"
        if self.schedule.rounds > 1 and not task.scale.normalised:
            return "keeps right and wrong answers in balance, and this task has no J* to tell them apart by"
        if reason := reason_unfit(dict(self.fixed).get("actions", "raw"), task.spec.action):
            return reason
        return self.estimator.reason_unsupported(task.spec)

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The settings with its fixed fields, and with the window that it needs on control tasks."""
        training = replace(training, **dict(self.fixed))
        if self.collection is not None and not isinstance(task.spec.observation, Transcript):
            training = replace(training, collection=self.collection)
        if isinstance(training.collection, Unroll):
            if not self.estimator.credit.bootstraps:
                raise UsageError(f"{self.name} credits whole episodes and cannot learn from windows (Unroll)")
            if self.estimator.correction is not None and self.estimator.correction.per_sequence:
                raise UsageError(f"{self.name} weighs whole episodes and cannot learn from windows (Unroll)")
        return training

    def with_processes(self, processes: Processes) -> Variant:
        """The variant with real actors instead of a lag or simulated actors. UsageError if it cannot have them."""
        schedule = replace(self.schedule, lag=0, actors=None, gradient="newest", processes=processes)
        workers = f"{processes.actors} {'Hogwild workers' if processes.hogwild else 'actors'}"
        made = replace(self, name=f"{self.name} ({workers})", shown_as=f"{self.title} ({workers})", schedule=schedule)
        if reason := reason_unsupported(made):
            raise UsageError(f"{self.name} {reason}")
        return made

    def device(self, requested: str) -> str:
        return requested

    def expected_seconds(self, plan: TrainingPlan) -> float:
        count = len(plan.members.seeds)
        if self.exact:
            texts = ExactReturn(plan.task).enumeration.texts
            return enumerated_seconds(plan.task, plan.training, texts, plan.env_steps, count)
        passes = passes_of(self.update)
        return sampled_seconds(plan.task, plan.training, self.schedule, self.critic, plan.env_steps, count, passes)

    def reason_unusable(self, plan: TrainingPlan, state: RunState, records: int, device: str) -> str | None:
        return reason_unusable(self._run(plan, device), state, records)

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """Train by real actors if the schedule has them. Members that differ leave when they finish."""
        run = self._run(plan, device)
        if self.schedule.processes is not None:
            yield from train_asynchronously(run, state)
        elif plan.members.varied:
            yield from train_with_elimination(run, state, plan.race)
            return
        else:
            yield from train(run, state)
        yield run.trained()

    def policy(self, task: Task, training: TrainingConfig, members: Members, device: str = "cpu") -> ActorCritic:
        """The untrained policies of a population."""
        return build_policy(task, self, training, members, device)

    def _run(self, plan: TrainingPlan, device: str) -> Run:
        return Run(plan.task, self, plan.training, plan.members, plan.env_steps, plan.evaluation, device)

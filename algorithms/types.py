"""The nouns of the policy gradient: what is collected, how it is judged, and the frozen choices that define a variant.

Axes: T time, P members of the population, N environments of a member, then features. See docs/notation.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, get_args, runtime_checkable

import torch
from torch import Tensor

from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.importance_weights import Correction
from algorithms.estimators.kl_penalty import KL
from algorithms.policies.nucleus import TopP
from algorithms.processes import Processes
from algorithms.setting import Collection
from algorithms.staleness.clock import ActorSchedule
from algorithms.tunable import Choice, Number, tunable
from envs.api import Box, Spec, Transcript


@dataclass(frozen=True)
class Rollout:
    """What a population did. T rows of P x N environments; rows with `valid` 0 have no influence on anything.

    obs          [T+1, P, N, F] features as they were when acting, [T+1, P, N, C, H, W] images, or [L, P, N] tokens of whole
                 transcripts
    discount     gamma, 0 where s_{t+1} is terminal        continues  0 where the episode ended for any reason
    group        this many neighbouring environments share a start (a prompt; in control: all of a member's)

    The last four are there only where the task or the estimator has a use for them.
    """

    obs: Tensor
    action: Tensor  # [T, P, N] or [T, P, N, A]
    logp: Tensor  # [T, P, N] log-probability under the policy that acted
    reward: Tensor  # [T, P, N]
    discount: Tensor  # [T, P, N]
    continues: Tensor  # [T, P, N]
    valid: Tensor  # [T, P, N], 0 or 1
    action_mask: Tensor | None  # [T, P, N, V]
    group: int
    reference: Tensor | None = None  # [T, P, N] log-probability of the action under the task's reference policy
    square: Tensor | None = None  # [T, P, N] |grad of log pi(a_t|s_t) in the head's inputs|^2 (Head.score_square)
    greedy: Tensor | None = None  # [T, P, N] return of the greedy policy from the same start, the same for every t
    now: Tensor | None = None  # [T, P, N] log-probability under the policy that is about to learn; None: as it acted

    @property
    def log_ratio(self) -> Tensor:
        """log pi(a_t|s_t) - log mu(a_t|s_t) of the policy that learns and the one that acted [T, P, N]."""
        return torch.zeros_like(self.logp) if self.now is None else self.now - self.logp

    def to(self, device: str) -> Rollout:
        """On this device."""
        return replace(self, **{name: x.to(device) for name, x in self.tensors().items()})  # type: ignore[arg-type]

    def tensors(self) -> dict[str, Tensor]:
        """The fields that are tensors, by name."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in pairs if isinstance(value, Tensor)}


class Signals(NamedTuple):
    """What the learner computes for an assessment, without gradient, at the moment of learning."""

    values: Tensor | None  # [T+1, P, N] the critic's V(s_t)


class Assessment(NamedTuple):
    """A_t = q_t - b_t and the critic's regression target, both [T, P, N] and constant for the gradient."""

    advantage: Tensor
    target: Tensor | None


class Credit(Protocol):
    """q_t: an estimate of what followed action t."""

    bootstraps: ClassVar[bool]  # reads V(s_{t+1}), so it needs a critic and may cut windows anywhere

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor: ...


@runtime_checkable
class OffPolicyCredit(Protocol):
    """A credit that reads rollout.now, and whose critic learns something else than q."""

    bootstraps: ClassVar[bool]

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor: ...

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        """What V(s_t) is regressed on, [T, P, N]."""


class Baseline(Protocol):
    """b_t: what was to be expected before action t."""

    critic: ClassVar[bool]  # learns V(s)
    squares: ClassVar[bool]  # reads rollout.square
    greedy: ClassVar[bool]  # reads rollout.greedy, whose steps are charged to the budget

    def initial(self, members: int, horizon: int) -> dict[str, Tensor]:
        """State carried from rollout to rollout (empty for most)."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """(b [T, P, N], the state for the next rollout)."""


class Scale(Protocol):
    """What is done to the advantages of valid rows before they are learned from: division by a deviation, say."""

    @property
    def each_minibatch(self) -> bool:
        """Whether it is applied by `rows` to every minibatch as it is drawn, instead of once to the rollout."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        """A [T, P, N] from A = q - b; a member sees itself alone."""

    def rows(self, advantage: Tensor, valid: Tensor) -> Tensor:
        """The same for any rows [T, P, M], where `each_minibatch`."""


Bounds = tuple[Number, Number]


class Surrogate(Protocol):
    """L(pi, mu, A): the objective of one action, whose gradient is the policy gradient."""

    whole: ClassVar[bool]  # reads whole episodes: columns of [T, P, N]

    @property
    def bounds(self) -> Bounds | None:
        """The ratios between which it does not clip."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        """L [T, P, N]; what stands in rows that are not valid is multiplied by 0."""


class Bonus(Protocol):
    """The coefficient alpha of the entropy bonus, one a member."""

    bounded: ClassVar[bool]  # reads the entropy as a fraction of its maximum, which continuous actions do not have

    @property
    def active(self) -> bool:
        """False: alpha is always 0."""

    def initial(self, members: int) -> dict[str, Tensor]: ...

    def __call__(self, progress: Tensor, state: dict[str, Tensor]) -> Tensor:
        """alpha [P], from the share of the budget that is spent [P]."""

    def update(self, fraction: Tensor, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The state after a rollout whose entropy was this fraction of its maximum [P]."""


Aggregation = Literal["episode", "token", "sequence", "constant"]


@dataclass(frozen=True)
class Estimator:
    """What a rung may change.

    scale        what is done to the advantages: None, or division by a deviation (algorithms.estimators.advantage_scale)
    aggregation  episode: sum over time, mean over episodes (unbiased for J); token: mean over all valid rows of the member;
                 sequence: mean over the rows of an episode, then over episodes (1/len: biased towards long failures);
                 constant: episode over the task's horizon (a constant factor)
    kl           how the KL to the task's reference enters (algorithms.estimators.kl_penalty)
    entropy      the entropy bonus (algorithms.estimators.entropy_bonus)
    correction   of data that another policy drew (algorithms.estimators.importance_weights); None: as if it were its own
    """

    credit: Credit
    baseline: Baseline
    surrogate: Surrogate
    scale: Scale | None = None
    aggregation: Aggregation = "episode"
    kl: KL = field(default_factory=KL)
    entropy: Bonus = field(default_factory=Constant)
    correction: Correction | None = None

    def __post_init__(self) -> None:
        if self.aggregation not in get_args(Aggregation):
            raise ValueError(f"aggregation {self.aggregation!r} is none of {', '.join(get_args(Aggregation))}")
        if self.credit.bootstraps and not self.baseline.critic:
            raise ValueError(
                f"{type(self.credit).__name__} bootstraps and needs a critic; use the ValueNetwork baseline"
            )

    @property
    def reads_now(self) -> bool:
        """Whether it asks how likely the actions are by now."""
        return self.correction is not None or isinstance(self.credit, OffPolicyCredit)

    @property
    def whole(self) -> bool:
        """Whether its loss needs whole episodes in columns, which only transcripts are."""
        return self.surrogate.whole or self.kl.over == "sequence"

    def unfit(self, spec: Spec) -> str | None:
        """Why it cannot learn on tasks of this form; None where it can."""
        if not isinstance(spec.observation, Transcript):
            if self.whole:
                return "reads whole texts, and this task observes none"
            if self.baseline.greedy:
                return "compares with a greedy answer to the same prompt, and this task has no prompts"
        if isinstance(spec.action, Box) and self.entropy.bounded:
            return "reads entropy as a fraction of its maximum, and continuous actions have none"
        return None


def _reuses(schedule: Schedule, variant: Variant, spec: Spec) -> bool:
    """Only where a rollout is learned from more than once: others have no correction for it."""
    return schedule.steps > 1


@dataclass(frozen=True)
class Schedule:
    """When what is learned from what.

    lag      learn at update u from the rollout of u - lag
    actors   who plays with which parameters, where that is not one lag for all (algorithms.staleness.clock)
    gradient whose it is: of the policy that learns (newest), or of the one that acted (A3C: a worker's own copy)
    processes  real actors instead, whose runs do not repeat (algorithms.asynchronous.learner)
    epochs   passes over a rollout, each in `minibatches` steps
    tries    dynamic sampling: collect up to so many rollouts an update, until a batch is full of groups whose returns differ
    """

    lag: int = 0
    epochs: int = tunable(1, Choice((1, 2, 4, 8)), when=_reuses)
    minibatches: int = tunable(1, Choice((1, 2, 4, 8)), when=_reuses)
    tries: int = 1
    actors: ActorSchedule | None = None
    gradient: Literal["newest", "actor"] = "newest"
    processes: Processes | None = None

    def __post_init__(self) -> None:
        if (self.lag > 0) + (self.actors is not None) + (self.processes is not None) > 1:
            raise ValueError("a constant lag, simulated actors and real ones exclude each other")
        if self.gradient not in ("newest", "actor"):
            raise ValueError(f"gradient {self.gradient!r} is none of newest, actor")
        if self.gradient == "actor" and self.actors is None:
            raise ValueError("a gradient of the policy that acted needs simulated actors")
        if (self.gradient == "actor" or self.hogwild) and self.steps > 1:
            raise ValueError(f"a gradient of the policy that acted is good for one step a rollout, not {self.steps}")
        if self.lag < 0 or min(self.epochs, self.minibatches, self.tries) < 1:
            raise ValueError(f"needs lag 0, epochs, minibatches and tries 1 at least, not {self}")

    @property
    def steps(self) -> int:
        """Optimiser steps on a rollout."""
        return self.epochs * self.minibatches

    @property
    def stale(self) -> bool:
        """Whether rollouts may have been played by other parameters than those that learn from them."""
        return self.lag > 0 or self.actors is not None or self.processes is not None

    @property
    def hogwild(self) -> bool:
        """Whether workers share parameters and not rollouts."""
        return self.processes is not None and self.processes.hogwild


class Update(Protocol):
    """How a gradient becomes a step, or why there is none."""

    trains: ClassVar[bool]
    gradient: ClassVar[bool]  # of the policy: the estimator's, or the exact one
    needs_oracle: ClassVar[bool]


@dataclass(frozen=True)
class Promises:
    """What an estimator's gradient is held to by the conformance kit; see algorithms.conformance.estimator.

    factor           its mean over grad J: "one" (unbiased), "group" ((G-1)/G), "batch" ((N-1)/N), "success" (w_G(p), for
                     rewards of 0 or 1 and one prompt), or None where no closed form is known
    shift_invariant  a constant added to every final reward leaves each coefficient as it was
    scale_free       rewards times a positive constant leave each coefficient as it was (else they are multiplied by it)
    rloo_variance    its variance is the closed form of RLOO's (a U-statistic)
    separable        the gradient of a batch is the sum of its episodes' gradients, once their advantages are given
    """

    factor: Literal["one", "group", "batch", "success"] | None = None
    shift_invariant: bool = False
    scale_free: bool = False
    rloo_variance: bool = False
    separable: bool = True


@dataclass(frozen=True)
class Variant:
    """An algorithm as a composition of parts. `changes` names the one part in which it differs from its `parent`.

    needs       parts that changed along with it (another batch shape); declared, so that the table can say so
    collection  the window this variant needs on control tasks, None for the training's own
    nucleus     draws from the most probable actions of a lagged policy only; discrete actions
    fixed       fields of the Training that are part of it (a peer's learning rate, say), as pairs
    promises    what the conformance kit holds it to; never inherited by a rung
    """

    name: str
    summary: str = field(metadata={"hashed": False})
    estimator: Estimator
    update: Update
    schedule: Schedule = field(default_factory=Schedule)
    collection: Collection | None = None
    nucleus: TopP | None = None
    parent: str | None = field(default=None, metadata={"hashed": False})
    changes: str = field(default="", metadata={"hashed": False})
    needs: tuple[str, ...] = field(default=(), metadata={"hashed": False})
    fixed: tuple[tuple[str, Any], ...] = ()
    promises: Promises = field(default_factory=Promises, metadata={"hashed": False})

    def rung(
        self,
        name: str,
        summary: str,
        needs: dict[str, Any] | None = None,
        promises: Promises | None = None,
        **change: Any,
    ) -> Variant:
        """The next rung of the ladder: this variant with exactly one part changed (and what that change needs)."""
        if len(change) != 1:
            raise TypeError(f"a rung changes exactly one part, not {sorted(change)}")
        ((part, _),) = change.items()
        parts = {**change, **(needs or {})}
        of_estimator = {f.name for f in fields(Estimator)}
        inner = {k: v for k, v in parts.items() if k in of_estimator}
        outer = {k: v for k, v in parts.items() if k not in of_estimator}
        return replace(
            self,
            name=name,
            summary=summary,
            estimator=replace(self.estimator, **inner),
            parent=self.name,
            changes=part,
            needs=tuple(needs or ()),
            promises=promises or Promises(),
            **outer,
        )

    def unfit(self, spec: Spec) -> str | None:
        """Why it cannot learn on tasks of this form; None where it can."""
        if self.nucleus is not None and isinstance(spec.action, Box):
            return "draws from the most probable actions, and continuous ones are not listed"
        return self.estimator.unfit(spec)

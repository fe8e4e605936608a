"""The parts of a gradient estimator: how a rollout is judged, and the objective that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple, Protocol, get_args, runtime_checkable

from torch import Tensor

from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.importance_weights import Correction
from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.tunable import Number
from envs.api import Box, Spec, Transcript


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
    """A credit that reads rollout.current_logp, and whose critic learns something else than q."""

    bootstraps: ClassVar[bool]

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor: ...

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        """What V(s_t) is regressed on, [T, P, N]."""


class Baseline(Protocol):
    """b_t: what was to be expected before action t."""

    critic: ClassVar[bool]  # learns V(s)
    needs_score_norms: ClassVar[bool]  # reads rollout.score_norm_sq
    needs_greedy_return: ClassVar[bool]  # reads rollout.greedy_return, whose steps are charged to the budget

    def initial(self, members: int, horizon: int) -> PartState:
        """State carried from rollout to rollout (empty for most)."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        """(b [T, P, N], the state for the next rollout)."""


class AdvantageScale(Protocol):
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

    per_sequence: ClassVar[bool]  # reads whole episodes: columns of [T, P, N]

    @property
    def bounds(self) -> Bounds | None:
        """The ratios between which it does not clip."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        """L [T, P, N]; what stands in rows that are not valid is multiplied by 0."""


class EntropyBonus(Protocol):
    """The coefficient alpha of the entropy bonus, one a member."""

    bounded: ClassVar[bool]  # reads the entropy as a fraction of its maximum, which continuous actions do not have

    @property
    def active(self) -> bool:
        """False: alpha is always 0."""

    def initial(self, members: int) -> PartState: ...

    def __call__(self, progress: Tensor, state: PartState) -> Tensor:
        """alpha [P], from the share of the budget that is spent [P]."""

    def update(self, fraction: Tensor, state: PartState) -> PartState:
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
    scale: AdvantageScale | None = None
    aggregation: Aggregation = "episode"
    kl: KL = field(default_factory=KL)
    entropy: EntropyBonus = field(default_factory=Constant)
    correction: Correction | None = None

    def __post_init__(self) -> None:
        if self.aggregation not in get_args(Aggregation):
            raise ValueError(f"aggregation {self.aggregation!r} is none of {', '.join(get_args(Aggregation))}")
        if self.credit.bootstraps and not self.baseline.critic:
            raise ValueError(
                f"{type(self.credit).__name__} bootstraps and needs a critic; use the ValueNetwork baseline"
            )

    @property
    def reads_current_logp(self) -> bool:
        """Whether it asks how likely the actions are by now."""
        return self.correction is not None or isinstance(self.credit, OffPolicyCredit)

    @property
    def per_sequence(self) -> bool:
        """Whether its loss needs whole episodes in columns, which only transcripts are."""
        return self.surrogate.per_sequence or self.kl.over == "sequence"

    def reason_unsupported(self, spec: Spec) -> str | None:
        """Why it cannot learn on tasks of this form; None where it can."""
        if not isinstance(spec.observation, Transcript):
            if self.per_sequence:
                return "reads whole texts, and this task observes none"
            if self.baseline.needs_greedy_return:
                return "compares with a greedy answer to the same prompt, and this task has no prompts"
        if isinstance(spec.action, Box) and self.entropy.bounded:
            return "reads entropy as a fraction of its maximum, and continuous actions have none"
        return None

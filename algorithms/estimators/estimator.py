"""The parts of a gradient estimator: the assessment of a rollout, and the objective that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple, Protocol, get_args, runtime_checkable

from torch import Tensor

from algorithms.estimators.baselines.prefixes import ReadsExpectedReturn, ReadsPrefixes
from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.importance_weights import Correction
from algorithms.estimators.kl_penalty import KL, Teacher
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.parts import check_parts
from algorithms.tunable import Number
from envs.api import Box, Spec, Transcript


class Signals(NamedTuple):
    """Inputs of an assessment that the learner computes without gradient, just before learning."""

    values: Tensor | None  # [T+1, P, N] the critic's V(s_t)


class Assessment(NamedTuple):
    """A_t = q_t - b_t and the critic's regression target, both [T, P, N] and constant for the gradient.

    unscaled  A_t before the scale
    """

    advantage: Tensor
    target: Tensor | None
    unscaled: Tensor


class Credit(Protocol):
    """q_t: an estimate of the return that is attributed to action t."""

    bootstraps: ClassVar[bool]  # reads V(s_{t+1}), so it needs a critic and allows windows that cut episodes

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor: ...


@runtime_checkable
class OffPolicyCredit(Credit, Protocol):
    """A credit that reads rollout.current_logp and has a target for the critic other than q."""

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        """The regression target of V(s_t), [T, P, N]."""


def off_policy(credit: Credit) -> OffPolicyCredit | None:
    """The credit if it is an OffPolicyCredit."""
    return credit if isinstance(credit, OffPolicyCredit) else None


class Baseline(Protocol):
    """b_t: an estimate of the return before action t."""

    critic: ClassVar[bool]  # learns V(s)
    needs_score_norms: ClassVar[bool]  # reads rollout.score_norm_sq
    needs_greedy_return: ClassVar[bool]  # reads rollout.greedy_return, whose steps are charged to the budget

    def initial(self, members: int, horizon: int) -> PartState:
        """The initial state, which is carried from rollout to rollout; empty for most baselines."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        """(b [T, P, N], the state for the next rollout)."""


class AdvantageScale(Protocol):
    """A transformation of the advantages of valid rows before the loss, such as division by a deviation."""

    @property
    def each_minibatch(self) -> bool:
        """Whether `rows` scales each minibatch when it is drawn, instead of the whole rollout once."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        """The scaled A [T, P, N] from A = q - b, separately for each member."""

    def rows(self, advantage: Tensor, valid: Tensor) -> Tensor:
        """The same for any rows [T, P, M], if `each_minibatch`."""


Bounds = tuple[Number, Number]


class Surrogate(Protocol):
    """L(pi, mu, A): the objective of one action, whose gradient is the policy gradient."""

    @property
    def per_sequence(self) -> bool:
        """Whether it reads whole episodes, the columns of [T, P, N]."""

    @property
    def bounds(self) -> Bounds | None:
        """The interval of ratios that are not clipped."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        """L [T, P, N]; the caller multiplies rows that are not valid by 0."""


@runtime_checkable
class ReadsProbabilities(Protocol):
    """A surrogate that may need actions with probabilities; continuous actions have densities, which may exceed 1."""

    @property
    def reads_probabilities(self) -> bool: ...


@runtime_checkable
class AdaptiveSurrogate(Protocol):
    """A surrogate with numbers that follow what its steps did, one for each member."""

    def initial(self, members: int) -> PartState:
        """The numbers before the first rollout, [P] each."""

    def with_state(self, state: PartState) -> Surrogate:
        """The surrogate with these numbers."""

    def update(self, log_ratio: Tensor, valid: Tensor, state: PartState) -> PartState:
        """The numbers after the steps on a rollout; log_ratio [T, P, N] is log pi - log mu after them."""


@runtime_checkable
class AdaptiveScale(Protocol):
    """A scale with numbers that follow the advantages, one for each member."""

    def initial(self, members: int) -> PartState:
        """The numbers before the first rollout, [P] each."""

    def with_state(self, state: PartState) -> AdvantageScale:
        """The scale with these numbers."""

    def update(self, advantage: Tensor, valid: Tensor, state: PartState) -> PartState:
        """The numbers after a rollout whose advantages [T, P, N], before the scale, are these."""


class EntropyBonus(Protocol):
    """The coefficient alpha of the entropy bonus, one per member."""

    bounded: ClassVar[bool]  # reads the entropy as a fraction of its maximum, which continuous actions do not have

    @property
    def active(self) -> bool:
        """Whether alpha can differ from 0."""

    def initial(self, members: int) -> PartState: ...

    def __call__(self, progress: Tensor, state: PartState) -> Tensor:
        """alpha [P], from the spent share of the budget [P]."""

    def update(self, fraction: Tensor, state: PartState) -> PartState:
        """The state after a rollout; `fraction` [P] is its entropy relative to the maximum."""


PARTS = {
    "credit": Credit,
    "baseline": Baseline,
    "surrogate": Surrogate,
    "scale": AdvantageScale,
    "entropy": EntropyBonus,
    "correction": Correction,
}  # of an estimator: field -> its protocol
Aggregation = Literal["episode", "token", "sequence", "constant"]


@dataclass(frozen=True)
class Estimator:
    """The parts of the gradient estimator, one of which a variant may change.

    scale        transformation of the advantages (algorithms.estimators.advantage_scale); None: none
    aggregation  episode: sum over time, mean over episodes (unbiased for J); token: mean over all valid rows of the member;
                 sequence: mean over the rows of an episode, then over episodes (1/len: biased towards long failures);
                 constant: episode over the task's horizon (a constant factor)
    kl           how the KL to the task's reference enters (algorithms.estimators.kl_penalty)
    entropy      the entropy bonus (algorithms.estimators.entropy_bonus)
    correction   for data sampled by another policy (algorithms.estimators.importance_weights); None: no correction
    teacher      whose KL is learned from in place of the task's reward (algorithms.estimators.kl_penalty); None: nobody
    """

    credit: Credit
    baseline: Baseline
    surrogate: Surrogate
    scale: AdvantageScale | None = None
    aggregation: Aggregation = "episode"
    kl: KL = field(default_factory=KL)
    entropy: EntropyBonus = field(default_factory=Constant)
    correction: Correction | None = None
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        check_parts(self, PARTS)
        if self.aggregation not in get_args(Aggregation):
            raise ValueError(f"aggregation {self.aggregation!r} is none of {', '.join(get_args(Aggregation))}")
        if self.credit.bootstraps and not self.baseline.critic:
            name = type(self.credit).__name__
            raise ValueError(f"{name} bootstraps and needs a critic; use the ValueNetwork baseline")
        if self.teacher is not None and (self.baseline.needs_greedy_return or self.reads_expected_return):
            raise ValueError(f"{type(self.baseline).__name__} compares returns of the task, which a teacher replaces")

    @property
    def reads_current_logp(self) -> bool:
        """Whether it reads log-probabilities under the current policy."""
        return self.correction is not None or off_policy(self.credit) is not None

    @property
    def reads_prefixes(self) -> bool:
        """Whether its baseline or its teacher knows texts again."""
        return isinstance(self.baseline, ReadsPrefixes) or self.teacher is not None

    @property
    def reads_expected_return(self) -> bool:
        """Whether its baseline reads what only tasks that can be listed have."""
        return isinstance(self.baseline, ReadsExpectedReturn)

    @property
    def reads_oracle(self) -> bool:
        """Whether it reads what playing the task does not tell."""
        return self.reads_expected_return or self.teacher is not None

    @property
    def per_sequence(self) -> bool:
        """Whether its loss needs whole episodes as columns; only transcripts have them."""
        return self.surrogate.per_sequence or self.kl.over == "sequence"

    def reason_unsupported(self, spec: Spec) -> str | None:
        """Why it cannot learn on tasks of this form; None if it can."""
        if not isinstance(spec.observation, Transcript):
            if self.per_sequence:
                return "reads whole texts, and this task observes none"
            if self.baseline.needs_greedy_return:
                return "compares with a greedy answer to the same prompt, and this task has no prompts"
            if self.reads_prefixes:
                return "compares what follows the same text, and this task has no texts"
        surrogate = self.surrogate
        if isinstance(spec.action, Box) and isinstance(surrogate, ReadsProbabilities) and surrogate.reads_probabilities:
            return "compares probabilities of actions, and continuous ones have densities"
        if isinstance(spec.action, Box) and self.entropy.bounded:
            return "reads entropy as a fraction of its maximum, and continuous actions have none"
        return None

"""The nouns of the policy gradient: what is collected, how it is judged, and the frozen choices that define a variant.

Axes: T time, P members of the population, N environments of a member, then features. See docs/notation.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, get_args

from torch import Tensor

from algorithms.setting import Collection


@dataclass(frozen=True)
class Rollout:
    """What a population did. T rows of P x N environments; rows with `valid` 0 have no influence on anything.

    obs          [T+1, P, N, F] features as they were when acting, or [L, P, N] tokens of whole transcripts
    discount     gamma, 0 where s_{t+1} is terminal        continues  0 where the episode ended for any reason
    group        this many neighbouring environments share a start (a prompt; in control: all of a member's)
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


class Baseline(Protocol):
    """b_t: what was to be expected before action t."""

    critic: ClassVar[bool]  # learns V(s)

    def initial(self, members: int, horizon: int) -> dict[str, Tensor]:
        """State carried from rollout to rollout (empty for most)."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """(b [T, P, N], the state for the next rollout); b never uses the episode it judges."""


class Surrogate(Protocol):
    """L(pi, mu, A): the objective of one action, whose gradient is the policy gradient."""

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor) -> Tensor: ...


Scale = Literal["none", "member", "group"]
Aggregation = Literal["episode", "token", "sequence"]


@dataclass(frozen=True)
class Estimator:
    """What a rung may change.

    scale        divide advantages by their standard deviation over a member's batch or over a group
    aggregation  episode: sum over time, mean over episodes (unbiased for J); token: mean over all valid rows of the member;
                 sequence: mean over the rows of an episode, then over episodes (1/len: biased towards long failures)
    entropy      coefficient of the entropy bonus
    """

    credit: Credit
    baseline: Baseline
    surrogate: Surrogate
    scale: Scale = "none"
    aggregation: Aggregation = "episode"
    entropy: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (("scale", get_args(Scale)), ("aggregation", get_args(Aggregation))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r} is none of {', '.join(allowed)}")
        if self.credit.bootstraps and not self.baseline.critic:
            raise ValueError(
                f"{type(self.credit).__name__} bootstraps and needs a critic; use the ValueNetwork baseline"
            )


@dataclass(frozen=True)
class Schedule:
    """lag: learn at update u from the rollout of u - lag. epochs x minibatches: steps taken on one rollout."""

    lag: int = 0
    epochs: int = 1
    minibatches: int = 1

    def __post_init__(self) -> None:
        if self.lag < 0 or self.epochs < 1 or self.minibatches < 1:
            raise ValueError(f"needs lag 0, epochs 1 and minibatches 1 at least, not {self}")


class Update(Protocol):
    """How a gradient becomes a step, or why there is none."""

    trains: ClassVar[bool]
    needs_oracle: ClassVar[bool]


@dataclass(frozen=True)
class Variant:
    """An algorithm as a composition of parts. `changes` names the one part in which it differs from its `parent`.

    needs       parts that had to follow that change (another batch shape); declared, so that the table can say so
    collection  the window this variant needs on control tasks, None for the training's own
    """

    name: str
    summary: str
    estimator: Estimator
    update: Update
    schedule: Schedule = field(default_factory=Schedule)
    collection: Collection | None = None
    parent: str | None = None
    changes: str = ""
    needs: tuple[str, ...] = ()

    def rung(self, name: str, summary: str, needs: dict[str, Any] | None = None, **change: Any) -> Variant:
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
            **outer,
        )

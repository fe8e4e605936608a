"""Parts of estimators that hold any function, and the estimators that they are put into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor

from algorithms import VARIANTS
from algorithms.estimators.baseline import LeaveOneOut, Zero
from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout
from algorithms.variant import Promises

State = dict[str, Tensor]
NONE, ONE, FREE = Promises(), Promises(factor="one"), Promises(scale_free=True)


def estimator_of(name: str) -> Estimator:
    return replace(VARIANTS[name].estimator, entropy=Constant())


GO, LOO, GAE, RLOO, GRPO, PPO, VT = map(
    estimator_of, ("reward_to_go", "baseline_loo", "gae", "rloo", "grpo_epochs", "ppo", "impala")
)


@dataclass(frozen=True)
class CustomCredit:
    """Any function as credit."""

    of: Callable[[Rollout, Tensor | None], Tensor]
    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return self.of(rollout, values)


@dataclass(frozen=True)
class CustomBootstrap(CustomCredit):
    """The same where it reads V(s_{t+1})."""

    bootstraps: ClassVar[bool] = True


@dataclass(frozen=True)
class CustomTarget(CustomBootstrap):
    """With a critic target of its own."""

    aim: Callable[[Rollout, Tensor], Tensor] = lambda rollout, values: values[:-1]

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        return self.aim(rollout, values)


@dataclass(frozen=True)
class CustomBaseline(Zero):
    """Any function of q, the rollout and V as baseline."""

    of: Callable[[Tensor, Rollout, Any], Tensor] = lambda q, r, v: q

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        return self.of(q, rollout, values), state


@dataclass(frozen=True)
class CustomCritic(CustomBaseline):
    """The same with a critic."""

    critic: ClassVar[bool] = True


def grouped(q: Tensor, r: Rollout) -> Tensor:
    return q.reshape(*q.shape[:2], -1, r.group)


def loo(q: Tensor, r: Rollout) -> Tensor:
    return LeaveOneOut()(q, r, None, {})[0]


@dataclass(frozen=True)
class CustomSurrogate:
    """Any function as surrogate; `bounds` as declared."""

    of: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # (logp, behaviour logp, A, valid) -> L
    bounds: tuple[float, float] | None = None
    per_sequence: ClassVar[bool] = False

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return self.of(logp, behaviour_logp, advantage, valid)


@dataclass(frozen=True)
class WholeSurrogate(CustomSurrogate):
    """The same of whole episodes."""

    per_sequence: ClassVar[bool] = True


@dataclass(frozen=True)
class CustomCorrection:
    """Any function of the log ratio as correction."""

    of: Callable[[Tensor, Tensor], Tensor]
    per_sequence: ClassVar[bool] = False

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        return self.of(log_ratio, valid)


@dataclass(frozen=True)
class CustomScale:
    """Any function as scale."""

    of: Callable[[Tensor, Tensor, Rollout], Tensor]
    each_minibatch: ClassVar[bool] = False

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        return self.of(advantage, q, rollout) * rollout.valid

    def rows(self, advantage: Tensor, valid: Tensor) -> Tensor:
        return advantage

"""The KL to the task's reference policy: its estimator, and its place in the objective. And the KL to a teacher."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from torch import Tensor

from algorithms.estimators.rollout import Rollout

Kind = Literal["k1", "k2", "k3"]
Place = Literal["reward", "loss"]
Over = Literal["token", "sequence"]


@dataclass(frozen=True)
class KL:
    """beta times an estimate of KL(pi || ref) from x_t = log pi(a_t|s_t) - log ref(a_t|s_t) (Schulman 2020).

    kind   k1 = x, k2 = x^2 / 2, k3 = exp(-x) - 1 + x: all but k2 have the KL as their mean, but their gradients differ
    place  reward: r_t <- r_t - beta k(x_t), without gradient; loss: - beta k(x_t) is added and differentiated
    over   token, or sequence: x is the sum over the text's tokens (loss only)
    beta   a number for every task that has a reference; None: the task's own beta, which is part of J

    Relative error of the expected gradient, compared with grad KL: k1 in the reward 0; k2 of the sequence in the loss 0
    (its gradient is x grad log pi); k1 in the loss 1 (its mean gradient is 0); k3 in the reward about 1; the others
    between.
    """

    kind: Kind = "k1"
    place: Place = "reward"
    over: Over = "token"
    beta: float | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("kind", get_args(Kind)), ("place", get_args(Place)), ("over", get_args(Over))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r} is none of {', '.join(allowed)}")
        if self.beta is not None and self.beta < 0:
            raise ValueError(f"beta must be at least 0, not {self.beta}")
        if self.over == "sequence" and self.place == "reward":
            raise ValueError('in the reward every token pays for itself: over="sequence" needs place="loss"')

    def coefficient(self, task_beta: float) -> float:
        """beta on a task with this beta."""
        return task_beta if self.beta is None else self.beta

    def estimate(self, x: Tensor, valid: Tensor) -> Tensor:
        """k [T, P, N]. For a sequence, its rows have equal shares, so their sum is k of the sum of x."""
        x = x * valid
        if self.over == "sequence":
            rows = valid.sum(0, keepdim=True).clamp(min=1)
            return self._kind(x.sum(0, keepdim=True)) / rows * valid
        return self._kind(x)

    def _kind(self, x: Tensor) -> Tensor:
        if self.kind == "k1":
            return x
        return 0.5 * x * x if self.kind == "k2" else (-x).exp() - 1 + x


@dataclass(frozen=True)
class Teacher:
    """r_t = log teacher(a_t|s_t) - log pi(a_t|s_t) in place of the task's reward: its sum has the mean -KL(pi || teacher).

    The teacher is the task's optimal policy, softened, because the KL to a deterministic one is infinite:

        teacher(a|s) = prior(a|s) exp((Q(s, a) - V(s)) / temperature)       (envs.solver.softened_optimum)

    temperature  in units of the reward; a task with a beta has its own, and its teacher is the optimum of J
    discount     of these rewards. 1: the gradient is that of -KL(pi || teacher). 0: a token answers for its own KL alone,
                 and what it does to those of later tokens is left out
    """

    temperature: float = 0.02
    discount: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature must be above 0, not {self.temperature}")
        if not 0 <= self.discount <= 1:
            raise ValueError(f"discount must lie in [0, 1], not {self.discount}")

    def pay(self, rollout: Rollout) -> Rollout:
        """The rollout with these rewards and this discount; log pi is that of the learning policy, without a gradient."""
        assert rollout.teacher is not None
        paid = (rollout.teacher - rollout.logp - rollout.log_ratio) * rollout.valid
        return replace(rollout, reward=paid, discount=self.discount * rollout.discount)

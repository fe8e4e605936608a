"""Wrong estimators, several of each kind of mistake, by name: (estimator, promises). The conformance kit rejects them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.baseline import (
    GroupMean,
    LeaveOneOut,
    MovingAverage,
    OptimalConstant,
    ValueNetwork,
    Zero,
)
from algorithms.correction import SequenceIS, TokenIS
from algorithms.credit import (
    EpisodeReturn,
    ImmediateReward,
    LambdaReturn,
    NStep,
    RewardToGo,
    VTrace,
    backward_sum,
    lambda_return,
)
from algorithms.entropy import Annealed, Constant, Target
from algorithms.kl import KL
from algorithms.scale import BestOfGroup, Deviation
from algorithms.surrogate import ClippedRatio, GeometricRatio, Ratio, Score, StoppedRatio
from algorithms.types import Estimator, Promises, Rollout

State = dict[str, Tensor]
NONE, ONE, FREE = Promises(), Promises(factor="one"), Promises(scale_free=True)


def estimator_of(name: str) -> Estimator:
    return replace(VARIANTS[name].estimator, entropy=Constant())


GO, LOO, GAE, RLOO, GRPO, PPO, VT = map(
    estimator_of, ("reward_to_go", "baseline_loo", "gae", "rloo", "grpo_epochs", "ppo", "impala")
)


@dataclass(frozen=True)
class Paid:
    """Reward-to-go of other rewards than those that were paid."""

    change: Callable[[Rollout], Tensor]
    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return RewardToGo()(replace(rollout, reward=self.change(rollout)), values)


@dataclass(frozen=True)
class PaidGAE:
    """The same of the lambda-return."""

    change: Callable[[Rollout], Tensor]
    bootstraps: ClassVar[bool] = True

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return LambdaReturn()(replace(rollout, reward=self.change(rollout)), values)


@dataclass(frozen=True)
class Any_:
    """Any function as credit."""

    of: Callable[[Rollout, Tensor | None], Tensor]
    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return self.of(rollout, values)


@dataclass(frozen=True)
class Boot(Any_):
    """The same where it reads V(s_{t+1})."""

    bootstraps: ClassVar[bool] = True


@dataclass(frozen=True)
class OffBoot(Boot):
    """With a critic target of its own."""

    aim: Callable[[Rollout, Tensor], Tensor] = lambda rollout, values: values[:-1]

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        return self.aim(rollout, values)


def last_row(r: Rollout) -> Tensor:
    return r.valid * (1 - r.continues)


REWARDS: dict[str, Callable[[Rollout], Tensor]] = {
    "only the last reward": lambda r: r.reward * last_row(r),
    "the last reward dropped": lambda r: r.reward * r.continues,
    "the first reward dropped": lambda r: torch.cat([torch.zeros_like(r.reward[:1]), r.reward[1:]]),
    "squared": lambda r: r.reward**2,
    "absolute": lambda r: r.reward.abs(),
    "negated": lambda r: -r.reward,
    "positive only": lambda r: r.reward.clamp(min=0),
    "clipped to 10": lambda r: r.reward.clamp(-10, 10),
    "clipped to 1": lambda r: r.reward.clamp(-1, 1),
    "signs": lambda r: r.reward.sign(),
    "plus one": lambda r: r.reward + 1,
    "one late": lambda r: torch.cat([torch.zeros_like(r.reward[:1]), r.reward[:-1]]) * r.valid,
    "one early": lambda r: torch.cat([r.reward[1:], torch.zeros_like(r.reward[:1])]) * r.valid,
    "times 1.02": lambda r: 1.02 * r.reward,
    "of the next episode": lambda r: r.reward.roll(1, 2),
    "discounted twice": lambda r: r.reward * 0.9 ** torch.arange(len(r.reward))[:, None, None],
    "mean of the batch": lambda r: (r.reward - r.reward.mean((0, 2), keepdim=True)) * r.valid,
}


def undiscounted(r: Rollout, v: Tensor | None = None) -> Tensor:
    return backward_sum(r.reward * r.valid, r.continues)


def plain_gae(r: Rollout, v: Tensor, lam: float = 0.95, next_v: Tensor | None = None) -> Tensor:
    """delta-form, with things to go wrong."""
    after = v[1:] if next_v is None else next_v
    delta = r.reward + r.discount * after - v[:-1]
    return v[:-1] + backward_sum(delta, r.discount * lam * r.continues)


CREDITS: dict[str, Any] = {
    "no discount": Any_(undiscounted),
    "discount squared": Any_(lambda r, v: backward_sum(r.reward * r.valid, r.discount**2 * r.continues)),
    "whole return without discount": Any_(lambda r, v: undiscounted(r)[:1].expand_as(r.reward)),
    "return from the next step": Any_(lambda r, v: torch.cat([RewardToGo()(r, v)[1:], 0 * r.reward[:1]])),
    "return without the step's own reward": Any_(lambda r, v: RewardToGo()(r, v) - r.reward),
    "rewards before and not after": Any_(lambda r, v: (r.reward * r.valid).cumsum(0)),
    "immediate": ImmediateReward(),
    "averaged": Any_(lambda r, v: RewardToGo()(r, v) / r.valid.sum(0).clamp(min=1)),
    "return times 1.02": Any_(lambda r, v: 1.02 * RewardToGo()(r, v)),
    "return squared with its sign": Any_(lambda r, v: RewardToGo()(r, v).abs() ** 0.5 * RewardToGo()(r, v).sign()),
    "return of the whole batch": Any_(lambda r, v: RewardToGo()(r, v).mean(2, keepdim=True).expand_as(r.reward)),
    "whole return negated": Any_(lambda r, v: -EpisodeReturn()(r, v)),
    "across the end": Any_(lambda r, v: backward_sum(r.reward, torch.ones_like(r.reward))),
    "an entropy reward of the wrong sign": Any_(lambda r, v: RewardToGo()(replace(r, reward=r.reward + 0.01 * r.logp), v)),
}


@dataclass(frozen=True)
class Exchanged(LambdaReturn):
    """lambda and 1 - lambda exchanged."""

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        return lambda_return(rollout, values, 1 - self.lam)


@dataclass(frozen=True)
class ExchangedNStep(NStep):
    """One step more than it says."""

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return NStep(self.n - 1)(rollout, values)


def without_end(r: Rollout) -> Rollout:
    return replace(r, discount=0.9 * r.valid)


BOOT: dict[str, Any] = {
    "lambda exchanged": Exchanged(0.95),
    "lambda exchanged at 1": Exchanged(1.0),
    "lambda exchanged, no field": Boot(lambda r, v: LambdaReturn(1 - 0.95)(r, v)),
    "lambda exchanged in the values only": Boot(
        lambda r, v: backward_sum(r.reward + r.discount * 0.95 * v[1:], r.discount * 0.95 * r.continues, last=v[-1])
    ),
    "n is one less": ExchangedNStep(5),
    "V through the end": Boot(lambda r, v: LambdaReturn()(without_end(r), v)),
    "no V at a cut": Boot(lambda r, v: LambdaReturn()(replace(r, discount=r.discount * r.continues), v)),
    "over the end": Boot(lambda r, v: LambdaReturn()(replace(r, continues=torch.ones_like(r.continues)), v)),
    "V of this step for the next": Boot(lambda r, v: plain_gae(r, v, next_v=v[:-1])),
    "V subtracted": Boot(lambda r, v: plain_gae(r, v, next_v=-v[1:])),
    "gamma forgotten beside V": Boot(lambda r, v: plain_gae(r, v, next_v=v[1:] / 0.9)),
    "gamma forgotten beside lambda": Boot(
        lambda r, v: v[:-1] + backward_sum(r.reward + r.discount * v[1:] - v[:-1], 0.95 * r.continues)
    ),
    "advantage for return": Boot(lambda r, v: plain_gae(r, v) - v[:-1]),
    "V twice": Boot(lambda r, v: plain_gae(r, v) + v[:-1]),
    "GAE times 1.02": Boot(lambda r, v: v[:-1] + 1.02 * (plain_gae(r, v) - v[:-1])),
    "last rows without V": Boot(lambda r, v: lambda_return(r, torch.cat([v[:-1], 0 * v[-1:]]), 0.95)),
    "TD with the wrong sign": Boot(lambda r, v: v[:-1] - (r.reward + r.discount * v[1:] - v[:-1])),
    "V without the reward": Boot(lambda r, v: r.discount * v[1:]),
}
TARGETS: dict[str, Callable[[Rollout, Tensor], Tensor]] = {
    "over the end": lambda r, v: LambdaReturn()(replace(r, continues=torch.ones_like(r.continues)), v),
    "V through the end": lambda r, v: LambdaReturn()(without_end(r), v),
    "no V at a cut": lambda r, v: LambdaReturn()(replace(r, discount=r.discount * r.continues), v),
    "negated": lambda r, v: -LambdaReturn()(r, v),
    "the advantage": lambda r, v: LambdaReturn()(r, v) - v[:-1],
    "V minus the advantage": lambda r, v: 2 * v[:-1] - LambdaReturn()(r, v),
    "V itself": lambda r, v: v[:-1],
    "one late": lambda r, v: LambdaReturn()(r, v).roll(1, 0),
    "undiscounted": lambda r, v: backward_sum(r.reward + (r.discount - r.discount * r.continues) * v[1:], r.continues),
    "times 1.02": lambda r, v: 1.02 * LambdaReturn()(r, v),
    "the whole return": lambda r, v: EpisodeReturn()(r, v),
    "of another member": lambda r, v: LambdaReturn()(r, v).roll(1, 1),
}


class Bare(Zero):
    """A baseline to override."""


@dataclass(frozen=True)
class B(Bare):
    """Any function of q, the rollout and V as baseline."""

    of: Callable[[Tensor, Rollout, Any], Tensor] = lambda q, r, v: q

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        return self.of(q, rollout, values), state


@dataclass(frozen=True)
class BV(B):
    """The same with a critic."""

    critic: ClassVar[bool] = True


def grouped(q: Tensor, r: Rollout) -> Tensor:
    return q.reshape(*q.shape[:2], -1, r.group)


def loo(q: Tensor, r: Rollout) -> Tensor:
    return LeaveOneOut()(q, r, None, {})[0]


@dataclass(frozen=True)
class PastOfAnother(MovingAverage):
    """What the member before it has returned."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        b, after = super().__call__(q, rollout, values, state)
        return b.roll(1, 1), after


@dataclass(frozen=True)
class PastOfAll(MovingAverage):
    """One average for the whole population."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        b, after = super().__call__(q, rollout, values, state)
        return b, {name: x.mean(1, keepdim=True).expand_as(x) for name, x in after.items()}


@dataclass(frozen=True)
class MovedFirst(MovingAverage):
    """Updated before it is used: the episode is in its own baseline."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        _, after = super().__call__(q, rollout, values, state)
        b, _ = super().__call__(q, rollout, values, after)
        return b, after


@dataclass(frozen=True)
class NextStep(MovingAverage):
    """The average of the step after."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        b, after = super().__call__(q, rollout, values, state)
        return torch.cat([b[1:], torch.zeros_like(b[:1])]), after


@dataclass(frozen=True)
class FirstForEver(Bare):
    """The mean of the first rollout it ever saw."""

    kept: dict[str, Tensor] = field(default_factory=dict)

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        b = self.kept.setdefault("b", q.mean((0, 2)))
        return (b if len(b) == q.shape[1] else q.mean((0, 2)))[None, :, None].expand_as(q), state


@dataclass(frozen=True)
class PaddedPast(Bare):
    """The mean of all rows of the last rollout, whatever stood in them."""

    def initial(self, members: int, horizon: int) -> State:
        return {"mean": torch.zeros(members)}

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        return state["mean"][None, :, None].expand_as(q), {"mean": rollout.reward.mean((0, 2))}


@dataclass(frozen=True)
class InPlace(Bare):
    """Subtracts in the rollout itself."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State
    ) -> tuple[Tensor, State]:
        rollout.reward.mul_(0.5)
        return torch.zeros_like(q), state


BASELINES: dict[str, tuple[Estimator, Any, Promises]] = {
    "another member's past": (GO, PastOfAnother(), ONE),
    "another member's past, nothing promised": (GO, PastOfAnother(), NONE),
    "everybody's past": (GO, PastOfAll(), ONE),
    "moved before it is used": (GO, MovedFirst(), ONE),
    "moved before it is used, nothing promised": (GO, MovedFirst(), NONE),
    "the step after": (GO, NextStep(), NONE),
    "the first rollout for ever": (GO, FirstForEver(), NONE),
    "changes the rollout": (GO, InPlace(), NONE),
    "half the episode itself": (GO, B(lambda q, r, v: 0.5 * q), ONE),
    "half the episode itself, nothing promised": (GO, B(lambda q, r, v: 0.5 * q), NONE),
    "another member": (RLOO, B(lambda q, r, v: loo(q, r).roll(1, 1)), ONE),
    "leave-one-out over G": (RLOO, B(lambda q, r, v: loo(q, r) * (r.group - 1) / r.group), NONE),
    "leave-one-out of the wrong sign": (RLOO, B(lambda q, r, v: -loo(q, r)), NONE),
    "leave-one-out times 1.02": (RLOO, B(lambda q, r, v: 1.02 * loo(q, r)), ONE),
    "best of the group": (RLOO, B(lambda q, r, v: grouped(q, r).amax(-1, True).expand_as(grouped(q, r)).reshape(q.shape)), ONE),
    "group mean called unbiased": (RLOO, GroupMean(), ONE),
    "mean of the next group": (
        RLOO, B(lambda q, r, v: grouped(q, r).mean(-1, True).roll(1, 2).expand_as(grouped(q, r)).reshape(q.shape)), ONE),
    "sum of the group": (RLOO, B(lambda q, r, v: grouped(q, r).sum(-1, True).expand_as(grouped(q, r)).reshape(q.shape)), NONE),
    "leave-one-out of the next step": (LOO, B(lambda q, r, v: loo(q, r).roll(-1, 0)), ONE),
    "padding of the past": (GO, PaddedPast(), ONE),
    "V of the next state": (replace(GAE, credit=RewardToGo()), BV(lambda q, r, v: v[1:]), ONE),
    "V of the next state in GAE": (GAE, BV(lambda q, r, v: v[1:]), NONE),
    "V of the wrong sign": (GAE, BV(lambda q, r, v: -v[:-1]), NONE),
    "V twice": (GAE, BV(lambda q, r, v: 2 * v[:-1]), NONE),
    "V half return": (GAE, BV(lambda q, r, v: 0.5 * (v[:-1] + q)), NONE),
    "V of another episode": (GAE, BV(lambda q, r, v: v[:-1].roll(1, 2)), NONE),
    "optimal constant with itself": (
        replace(RLOO, baseline=OptimalConstant()),
        B(lambda q, r, v: ((r.valid * q).sum((0, 2), True) / r.valid.sum((0, 2), True)).expand_as(q)), ONE),
}


@dataclass(frozen=True)
class S:
    """Any function as surrogate; `bounds` as declared."""

    of: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # (logp, behaviour logp, A, valid) -> L
    bounds: tuple[float, float] | None = None
    whole: ClassVar[bool] = False

    def __call__(self, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor) -> Tensor:
        return self.of(logp, behaviour_logp, advantage, valid)


@dataclass(frozen=True)
class WholeS(S):
    """The same of whole episodes."""

    whole: ClassVar[bool] = True


PPO_BOUNDS = (0.8, 1.2)


def ratio(logp: Tensor, mu: Tensor) -> Tensor:
    return (logp - mu).exp()


def both(x: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    return x * a, x.clamp(*PPO_BOUNDS) * a


SURROGATES: dict[str, Any] = {
    "ratio upside down": S(lambda p, m, a, v: -ratio(m, p) * a),
    "ratio upside down, detached": S(lambda p, m, a, v: ratio(m, p).detach() * a * p),
    "ratio attached": S(lambda p, m, a, v: ratio(p, m) * a * p),
    "ratio squared": S(lambda p, m, a, v: 0.5 * ratio(p, m) ** 2 * a),
    "ratio detached": S(lambda p, m, a, v: ratio(p, m).detach() * a),
    "root of the ratio": S(lambda p, m, a, v: 2 * ratio(p, m).sqrt() * a),
    "max for min": S(lambda p, m, a, v: torch.maximum(*both(ratio(p, m), a)), PPO_BOUNDS),
    "max for min, undeclared": S(lambda p, m, a, v: torch.maximum(*both(ratio(p, m), a))),
    "clip without min": S(lambda p, m, a, v: both(ratio(p, m), a)[1], PPO_BOUNDS),
    "clip without min, undeclared": S(lambda p, m, a, v: both(ratio(p, m), a)[1]),
    "clip of the gain only": S(
        lambda p, m, a, v: torch.minimum(ratio(p, m) * a, ratio(p, m).clamp(max=1.2) * a), PPO_BOUNDS),
    "no clip, though declared": S(lambda p, m, a, v: ratio(p, m) * a, PPO_BOUNDS),
    "no ratio, though declared": S(lambda p, m, a, v: a * p, PPO_BOUNDS),
    "clip for the wrong sign": S(
        lambda p, m, a, v: torch.where(a > 0, torch.maximum(*both(ratio(p, m), a)), torch.minimum(*both(ratio(p, m), a))),
        PPO_BOUNDS),
    "clip of the log": S(lambda p, m, a, v: torch.minimum(ratio(p, m) * a, (p - m).clamp(*PPO_BOUNDS) * a), PPO_BOUNDS),
    "other bounds than declared": S(
        lambda p, m, a, v: torch.minimum(ratio(p, m) * a, ratio(p, m).clamp(0.5, 1.5) * a), PPO_BOUNDS),
    "cap of min for max": S(lambda p, m, a, v: ratio(p, m).clamp(min=5.0).detach() * a * p, (0.0, 5.0)),
    "capped weight attached": S(lambda p, m, a, v: ratio(p, m).clamp(max=5.0) * a * p, (0.0, 5.0)),
    "negated": S(lambda p, m, a, v: -a * p),
    "absolute advantage": S(lambda p, m, a, v: a.abs() * p),
    "positive advantages only": S(lambda p, m, a, v: a.clamp(min=0) * p),
    "score times 1.02": S(lambda p, m, a, v: 1.02 * a * p),
    "clip times 0.98": S(lambda p, m, a, v: 0.98 * torch.minimum(*both(ratio(p, m), a)), PPO_BOUNDS),
    "probability for its logarithm": S(lambda p, m, a, v: a * p.exp()),
    "over the length": S(lambda p, m, a, v: a * p / v.sum(0, keepdim=True).clamp(min=1)),
    "mean of the batch": S(lambda p, m, a, v: a * p / v.sum((0, 2), keepdim=True)),
    "an entropy bonus of the wrong sign": S(lambda p, m, a, v: a * p + 0.01 * p),
    "advantage squared": S(lambda p, m, a, v: a * a.abs() * p),
    "geometric mean upside down": WholeS(
        lambda p, m, a, v: -(((m - p) * v).sum(0, True) / v.sum(0, True).clamp(min=1)).exp() * a),
    "sequence ratio on every row": WholeS(lambda p, m, a, v: ((p - m) * v).sum(0, True).exp() * a),
    "sequence ratio over padding": WholeS(lambda p, m, a, v: ((p - m) * v).sum(0, True).exp() * a / len(p)),
}


@dataclass(frozen=True)
class C:
    """Any function of the log ratio as correction."""

    of: Callable[[Tensor, Tensor], Tensor]
    whole: ClassVar[bool] = False

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        return self.of(log_ratio, valid)


@dataclass(frozen=True)
class InvertedIS(TokenIS):
    """mu / pi."""

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        return super().__call__(-log_ratio, valid)


@dataclass(frozen=True)
class Uncapped(TokenIS):
    """Its cap is not applied."""

    def __call__(self, log_ratio: Tensor, valid: Tensor) -> Tensor:
        return (log_ratio * valid).exp()


CORRECTIONS: dict[str, Any] = {
    "upside down": InvertedIS(),
    "sequence upside down": C(lambda x, v: (-(x * v).sum(0, True)).exp().expand_as(x)),
    "squared": C(lambda x, v: (2 * x * v).exp()),
    "missing": C(lambda x, v: torch.ones_like(x)),
    "cap not applied": Uncapped(),
    "bounded below": C(lambda x, v: (x * v).exp().clamp(min=0.5)),
    "max for min": C(lambda x, v: (x * v).exp().clamp(min=1.0)),
    "times 1.02": C(lambda x, v: 1.02 * (x * v).exp()),
    "first step only": C(lambda x, v: x[:1].exp().expand_as(x)),
    "of the whole batch": C(lambda x, v: (x * v).sum((0, 2), True).exp().expand_as(x)),
    "padding counted": C(lambda x, v: x.sum(0, True).exp().expand_as(x)),
    "log ratio for the ratio": C(lambda x, v: 1 + x * v),
    "later steps": C(lambda x, v: (x * v).flip(0).cumsum(0).flip(0).exp()),
}


@dataclass(frozen=True)
class Traces(VTrace):
    """V-trace with other weights."""

    use: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = lambda rho, c: (rho, c)

    def _weights(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        x = rollout.log_ratio * rollout.valid
        rho, c = self.use(x.exp().clamp(max=self.rho_max), x.exp().clamp(max=self.c_max))
        return rho, self.lam * rollout.continues * c


@dataclass(frozen=True)
class LeakingVTrace(VTrace):
    """Traces run over the ends of episodes."""

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        rho, c = self._weights(replace(rollout, continues=torch.ones_like(rollout.continues)))
        delta = rollout.reward + rollout.discount * values[1:] - values[:-1]
        return values[:-1] + backward_sum(rho * delta, 0.9 * c)


@dataclass(frozen=True)
class UnweighedQ(VTrace):
    """A_t = r + gamma v_{t+1} - V(s_t), without its rho."""

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        v = torch.cat([self.target(rollout, values)[1:], values[-1:]])
        v = torch.where(rollout.continues > 0, v, values[1:])
        return rollout.reward + rollout.discount * v


VTRACES: dict[str, Any] = {
    "without rho": Traces(use=lambda rho, c: (torch.ones_like(rho), c)),
    "without c": Traces(use=lambda rho, c: (rho, torch.ones_like(c))),
    "without rho and c": Traces(use=lambda rho, c: (torch.ones_like(rho), torch.ones_like(c))),
    "rho upside down": Traces(use=lambda rho, c: ((-rho.log()).exp().clamp(max=1), c)),
    "c upside down": Traces(use=lambda rho, c: (rho, (-c.log()).exp().clamp(max=1))),
    "rho squared": Traces(use=lambda rho, c: (rho**2, c)),
    "c squared": Traces(use=lambda rho, c: (rho, c**2)),
    "rho raised to 1": Traces(use=lambda rho, c: (rho.clamp(min=1), c)),
    "no rho in the advantage": UnweighedQ(),
    "traces over the end": LeakingVTrace(),
    "ratios ignored": OffBoot(lambda r, v: VTrace()(replace(r, now=None), v), lambda r, v: VTrace().target(replace(r, now=None), v)),
}


@dataclass(frozen=True)
class K(KL):
    """Any function of x for what is declared."""

    of: Callable[[Tensor], Tensor] = lambda x: x

    def _kind(self, x: Tensor) -> Tensor:
        return self.of(x)


@dataclass(frozen=True)
class PaidKL(KL):
    """beta of the wrong sign."""

    def coefficient(self, task_beta: float) -> float:
        return -super().coefficient(task_beta)


KLS: dict[str, KL] = {
    "k1 negated": K("k1", "reward", of=lambda x: -x),
    "k1 negated in the loss": K("k1", "loss", of=lambda x: -x),
    "k3 negated": K("k3", "loss", of=lambda x: -((-x).exp() - 1 + x)),
    "k3 of the ratio upside down": K("k3", "loss", of=lambda x: x.exp() - 1 - x),
    "k3 for k1": K("k1", "reward", of=lambda x: (-x).exp() - 1 + x),
    "k1 for k3": K("k3", "loss", of=lambda x: x),
    "k2 without its half": K("k2", "loss", of=lambda x: x * x),
    "k2 for k3": K("k3", "loss", of=lambda x: 0.5 * x * x),
    "k1 absolute": K("k1", "reward", of=lambda x: x.abs()),
    "k3 detached": K("k3", "loss", of=lambda x: ((-x).exp() - 1).detach() + x),
    "beta negated": PaidKL("k1", "reward"),
    "times 1.02": K("k1", "reward", of=lambda x: 1.02 * x),
}


@dataclass(frozen=True)
class PaidEntropy(Constant):
    """alpha of the wrong sign."""

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return -super().__call__(progress, state)


@dataclass(frozen=True)
class Rising(Annealed):
    """Runs from its end to its start."""

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return super().__call__(1 - progress, state)


@dataclass(frozen=True)
class AwayFromTarget(Target):
    """alpha falls where entropy is too low."""

    def update(self, fraction: Tensor, state: State) -> State:
        return super().update(2 * self.fraction - fraction, state)


@dataclass(frozen=True)
class TargetOfAll(Target):
    """One alpha for the population."""

    def update(self, fraction: Tensor, state: State) -> State:
        after = super().update(fraction, state)["alpha"]
        return {"alpha": after + 0.1 * (after.mean() - after)}


ENTROPIES: dict[str, Any] = {
    "wrong sign": PaidEntropy(0.01),
    "annealed the wrong way": Rising(),
    "away from its target": AwayFromTarget(),
    "target of all members": TargetOfAll(),
}


@dataclass(frozen=True)
class Sc:
    """Any function as scale."""

    of: Callable[[Tensor, Tensor, Rollout], Tensor]
    each_minibatch: ClassVar[bool] = False

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        return self.of(advantage, q, rollout) * rollout.valid

    def rows(self, advantage: Tensor, valid: Tensor) -> Tensor:
        return advantage


DEVIATION = Deviation("group")


def per_group(x: Tensor, q: Tensor, r: Rollout, shift: int) -> Tensor:
    """Divided by the deviation of another group."""
    made = grouped(q[:1], r).std(-1, keepdim=True, unbiased=False).roll(shift, 2)
    return (grouped(x, r) / made).reshape(x.shape)


SCALES: dict[str, tuple[Estimator, Any, Promises]] = {
    "negated": (GRPO, Sc(lambda a, q, r: -DEVIATION(a, q, r)), FREE),
    "absolute": (GRPO, Sc(lambda a, q, r: DEVIATION(a, q, r).abs()), FREE),
    "squared": (GRPO, Sc(lambda a, q, r: DEVIATION(a, q, r) * DEVIATION(a, q, r).abs()), FREE),
    "positive only": (GRPO, Sc(lambda a, q, r: DEVIATION(a, q, r).clamp(min=0)), FREE),
    "times 1.02": (GRPO, Sc(lambda a, q, r: 1.02 * DEVIATION(a, q, r)), FREE),
    "times 0.98": (RLOO, Sc(lambda a, q, r: 0.98 * a), NONE),
    "times 1.02, unbiased promised": (RLOO, Sc(lambda a, q, r: 1.02 * a), ONE),
    "times 1.02 of a critic": (GAE, Sc(lambda a, q, r: 1.02 * a), NONE),
    "deviation of the next group": (GRPO, Sc(lambda a, q, r: per_group(a, q, r, 1)), FREE),
    "deviation of all members": (GRPO, Sc(lambda a, q, r: a / q[0].std()), FREE),
    "mean of the next group": (
        replace(GRPO, baseline=Zero()),
        Sc(lambda a, q, r: DEVIATION(a - grouped(q, r).mean(-1, True).roll(1, 2).expand_as(grouped(q, r)).reshape(q.shape), q, r)),
        FREE),
    "mean of the other groups": (
        replace(GRPO, baseline=Zero()),
        Sc(lambda a, q, r: DEVIATION(
            a - ((q[:1].sum(2, True)[..., None] - grouped(q, r).sum(-1, True)) / (q.shape[2] - r.group))
            .expand_as(grouped(q, r)).reshape(q.shape), q, r)), FREE),
    "whitened with padding": (GAE, Sc(lambda a, q, r: a / a.std((0, 2), keepdim=True)), FREE),
    "whitened with the mean of padding": (GAE, Sc(lambda a, q, r: (a - a.mean((0, 2), True)) / Deviation("batch", "advantages")
        (a, q, r).std((0, 2), keepdim=True)), FREE),
    "best of the group times 1.02": (estimator_of("raft"), Sc(lambda a, q, r: 1.02 * BestOfGroup()(a, q, r)), FREE),
    "long episodes dropped": (RLOO, Sc(lambda a, q, r: a * (r.valid.sum(0) < 5)), NONE),
    "over the length": (RLOO, Sc(lambda a, q, r: a / r.valid.sum(0).clamp(min=1)), NONE),
}  # fmt: skip


def listed() -> dict[str, tuple[Estimator, Promises]]:
    """Every wrong estimator by its kind and name."""
    made: dict[str, tuple[Estimator, Promises]] = {}
    for name, change in REWARDS.items():
        made[f"reward: {name}"] = replace(GO, credit=Paid(change)), NONE
        made[f"reward, promised: {name}"] = replace(RLOO, credit=Paid(change)), ONE
        made[f"reward in GAE: {name}"] = replace(GAE, credit=PaidGAE(change)), NONE
        made[f"reward in GRPO: {name}"] = replace(GRPO, credit=Paid(change)), VARIANTS["grpo_epochs"].promises
    for name, credit in CREDITS.items():
        made[f"credit: {name}"] = replace(GO, credit=credit), NONE
        made[f"credit, promised: {name}"] = replace(GO, credit=credit), ONE
    for name, credit in BOOT.items():
        made[f"bootstrap: {name}"] = replace(GAE, credit=credit), NONE
        made[f"bootstrap in PPO: {name}"] = replace(PPO, credit=credit), VARIANTS["ppo"].promises
    for name, aim in TARGETS.items():
        made[f"target: {name}"] = replace(GAE, credit=OffBoot(lambda r, v: LambdaReturn()(r, v), aim)), NONE
    for name, (base, baseline, promises) in BASELINES.items():
        made[f"baseline: {name}"] = replace(base, baseline=baseline), promises
    for name, surrogate in SURROGATES.items():
        made[f"surrogate: {name}"] = replace(PPO if "clip" in name else GAE, surrogate=surrogate), NONE
    for name, correction in CORRECTIONS.items():
        made[f"correction: {name}"] = replace(GAE, correction=correction), NONE
    for name, credit in VTRACES.items():
        made[f"V-trace: {name}"] = replace(VT, credit=credit), NONE
    for name, kl in KLS.items():
        made[f"KL: {name}"] = replace(RLOO, kl=kl), NONE
    for name, entropy in ENTROPIES.items():
        made[f"entropy: {name}"] = replace(GAE, entropy=entropy), NONE
    for name, (base, scale, promises) in SCALES.items():
        made[f"scale: {name}"] = replace(base, scale=scale), promises
    return made | AGGREGATIONS


AGGREGATIONS = {
    "aggregation: over the length, called unbiased": (replace(RLOO, aggregation="sequence"), ONE),
    "aggregation: mean of tokens, called unbiased": (replace(RLOO, aggregation="token"), ONE),
    "promise: GRPO called unbiased": (GRPO, ONE),
    "promise: moving average called shift invariant": (replace(GO, baseline=MovingAverage()), Promises(shift_invariant=True)),
    "promise: RLOO called scale free": (RLOO, FREE),
}

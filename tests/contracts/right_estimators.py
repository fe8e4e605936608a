"""Right estimators that are written in another way than ours, by name: (estimator, promises). The kit accepts them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import GroupMean, LeaveOneOut, Zero
from algorithms.estimators.credit import EpisodeReturn, LambdaReturn, RewardToGo
from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.variant import Promises
from tests.contracts.custom_parts import (
    FREE,
    GAE,
    GO,
    GRPO,
    LOO,
    NONE,
    ONE,
    PPO,
    RLOO,
    VT,
    CustomBaseline,
    CustomBootstrap,
    CustomCorrection,
    CustomCredit,
    CustomCritic,
    CustomScale,
    CustomSurrogate,
    CustomTarget,
    State,
    grouped,
)
from tests.contracts.right_neighbours import NEIGHBOURS
from tests.contracts.wrong_returns import plain_gae
from tests.contracts.wrong_surrogates import ratio


def looped(r: Rollout, v: Tensor | None) -> Tensor:
    """Reward-to-go, written as a loop from the end."""
    out, g = torch.zeros_like(r.reward), torch.zeros_like(r.reward[0])
    for t in reversed(range(len(r.reward))):
        g = (r.reward[t] + r.discount[t] * r.continues[t] * g) * r.valid[t]
        out[t] = g
    return out


def doubly_looped(r: Rollout, v: Tensor | None) -> Tensor:
    """Reward-to-go, written as a sum over all later steps."""
    out = torch.zeros_like(r.reward)
    for t in range(len(out)):
        power = torch.ones_like(r.reward[0])
        for k in range(t, len(out)):
            out[t] += power * r.reward[k] * r.valid[k]
            power = power * r.discount[k] * r.continues[k]
    return out


def weighted(r: Rollout, v: Tensor | None) -> Tensor:
    """gamma^t G_t: grad J itself at any discount."""
    power = torch.cat([torch.ones_like(r.reward[:1]), r.discount[:-1]]).cumprod(0)
    return power * looped(r, v)


def whitened(r: Rollout, v: Tensor | None) -> Tensor:
    """Returns standardised over the valid rows of a member."""
    g, count = looped(r, v), r.valid.sum((0, 2), keepdim=True)
    mean = (g * r.valid).sum((0, 2), keepdim=True) / count
    var = ((g - mean) ** 2 * r.valid).sum((0, 2), keepdim=True) / count
    return (g - mean) / var.sqrt() * r.valid


@dataclass(frozen=True)
class Sliding:
    """n-step returns in sliding windows."""

    n: int = 2
    bootstraps: ClassVar[bool] = True

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        out = values[1:].clone()
        made = rollout.reward + rollout.discount * out
        for _ in range(self.n - 1):
            after = torch.cat([made[1:], values[-1:]])
            made = rollout.reward + rollout.discount * torch.where(rollout.continues > 0, after, values[1:])
        return made


@dataclass(frozen=True)
class Shrunk(LeaveOneOut):
    """A share of the mean of the others: unbiased, and of less variance where that mean is noisy."""

    shrink: float = 0.6

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        b, state = super().__call__(q, rollout, values, state)
        return self.shrink * b, state


@dataclass(frozen=True)
class TwoLambdas(LambdaReturn):
    """A lambda for the advantage, another for the critic."""

    slow: float = 0.7

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        return LambdaReturn(self.slow)(rollout, values)


@dataclass(frozen=True)
class PaperVTrace:
    """V-trace at lambda 1, written as a loop (equation 1), advantages by equation 4."""

    bootstraps: ClassVar[bool] = True

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        weight = torch.where(rollout.valid > 0, rollout.log_ratio, 0.0).exp().clamp(max=1)
        out, more = torch.zeros_like(rollout.reward), torch.zeros_like(rollout.reward[0])
        for t in reversed(range(len(out))):
            delta = rollout.reward[t] + rollout.discount[t] * values[t + 1] - values[t]
            more = weight[t] * (delta + rollout.discount[t] * rollout.continues[t] * more)
            out[t] = values[t] + more
        return out

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        weight = torch.where(rollout.valid > 0, rollout.log_ratio, 0.0).exp().clamp(max=1)
        v = torch.cat([self.target(rollout, values)[1:], values[-1:]])
        v = torch.where(rollout.continues > 0, v, values[1:])
        return values[:-1] + weight * (rollout.reward + rollout.discount * v - values[:-1])


@dataclass(frozen=True)
class Uncorrected(Zero):
    """An exponential average that starts from 0 and is not corrected for it; one number for all steps."""

    alpha: float = 0.95

    def initial(self, members: int, horizon: int) -> State:
        return {"mean": torch.zeros(members)}

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        mean = (q * rollout.valid).sum((0, 2)) / rollout.valid.sum((0, 2))
        b = state["mean"][None, :, None].expand_as(q)
        return b, {"mean": self.alpha * state["mean"] + (1 - self.alpha) * mean}


@dataclass(frozen=True)
class MeanOfAll(Zero):
    """The mean return of all earlier episodes."""

    def initial(self, members: int, horizon: int) -> State:
        return {"sum": torch.zeros(members), "count": torch.zeros(members)}

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        b = (state["sum"] / state["count"].clamp(min=1))[None, :, None].expand_as(q)
        return b, {"sum": state["sum"] + q[0].sum(1), "count": state["count"] + q.shape[2]}


def others(q: Tensor, r: Rollout, v: Any) -> Tensor:
    """Leave-one-out over the batch, as a matrix product."""
    n = q.shape[2]
    return q @ ((1 - torch.eye(n, dtype=q.dtype)) / (n - 1))


def z_score(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    g = grouped(q[:1], r)
    return ((grouped(a, r)) / (g.std(-1, keepdim=True) + 1e-8)).reshape(a.shape)


def best_half(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    if r.group < 2:
        raise ValueError("a group of 1 has no better half")
    g = grouped(q[:1], r)
    return (g > g.median(-1, keepdim=True).values).to(a).reshape(q[:1].shape).expand_as(a)


def ranks(a: Tensor, q: Tensor, r: Rollout) -> Tensor:
    """Centred ranks of the returns of a group."""
    if r.group < 2:
        raise ValueError("a group of 1 has no ranks")
    g = grouped(q[:1], r)
    return (g.argsort(-1).argsort(-1) / (r.group - 1) - 0.5).to(a).reshape(q[:1].shape).expand_as(a)


def spinning_up(p: Tensor, m: Tensor, a: Tensor, v: Tensor) -> Tensor:
    """min(rho A, g(eps, A)), g = (1 + eps) A if A >= 0 else (1 - eps) A."""
    return torch.minimum(ratio(p, m) * a, torch.where(a >= 0, 1.2 * a, 0.8 * a))


def dual(p: Tensor, m: Tensor, a: Tensor, v: Tensor) -> Tensor:
    return torch.where(a < 0, torch.maximum(spinning_up(p, m, a, v), 3 * a), spinning_up(p, m, a, v))


def smooth(p: Tensor, m: Tensor, a: Tensor, v: Tensor) -> Tensor:
    """A soft gate in place of a clip (SAPO)."""
    return (ratio(p, m) - 1).sigmoid() * 4 * a


@dataclass(frozen=True)
class Cosine(Constant):
    """alpha falls as a cosine."""

    def __call__(self, progress: Tensor, state: State) -> Tensor:
        return super().__call__(progress, state) * (1 + torch.cos(3.14159 * progress)) / 2


RIGHT: dict[str, tuple[Estimator, Promises]] = {
    "returns as a loop": (replace(GO, credit=CustomCredit(looped)), ONE),
    "returns as a double sum": (replace(GO, credit=CustomCredit(doubly_looped)), ONE),
    "returns as a loop, leave-one-out": (replace(LOO, credit=CustomCredit(looped)), ONE),
    "gamma^t G_t": (replace(GO, credit=CustomCredit(weighted)), ONE),
    "whole returns as a loop": (
        replace(RLOO, credit=CustomCredit(lambda r, v: looped(r, v)[:1].expand_as(r.reward))),
        ONE,
    ),
    "whitened returns": (replace(GO, credit=CustomCredit(whitened)), FREE),
    "whitened returns, shift": (
        replace(GO, credit=CustomCredit(whitened)),
        Promises(scale_free=True, shift_invariant=True),
    ),
    "GAE of deltas": (replace(GAE, credit=CustomBootstrap(plain_gae)), NONE),
    "GAE of deltas in PPO": (replace(PPO, credit=CustomBootstrap(plain_gae)), NONE),
    "TD(0)": (replace(GAE, credit=CustomBootstrap(lambda r, v: r.reward + r.discount * v[1:])), NONE),
    "lambda 1": (replace(GAE, credit=LambdaReturn(1.0)), NONE),
    "a small lambda that is declared": (replace(GAE, credit=LambdaReturn(0.1)), NONE),
    "sliding n-step": (replace(GAE, credit=Sliding(2)), NONE),
    "sliding 3-step": (replace(GAE, credit=Sliding(3)), NONE),
    "a lambda-return with a target of its own": (
        replace(GAE, credit=CustomTarget(plain_gae, lambda r, v: LambdaReturn(0.8)(r, v))),
        NONE,
    ),
    "another lambda for the critic": (replace(GAE, credit=TwoLambdas(0.95)), NONE),
    "V-trace as in the paper": (replace(VT, credit=PaperVTrace()), NONE),
    "returns minus V": (replace(GAE, credit=RewardToGo(), baseline=CustomCritic(lambda q, r, v: v[: len(q)])), ONE),
    "a share of the others' mean that is declared": (replace(LOO, baseline=Shrunk(0.6)), ONE),
    "exponential average from 0": (replace(GO, baseline=Uncorrected()), ONE),
    "mean of all earlier returns": (replace(GO, baseline=MeanOfAll()), NONE),
    "leave-one-out of the batch": (replace(RLOO, baseline=CustomBaseline(others)), ONE),
    "group mean times G/(G-1)": (
        replace(RLOO, baseline=GroupMean(), scale=CustomScale(lambda a, q, r: a * r.group / (r.group - 1))),
        ONE,
    ),
    "z-score as a scale": (replace(GRPO, scale=CustomScale(z_score)), FREE),
    "z-score cut at 10": (replace(GRPO, scale=CustomScale(lambda a, q, r: z_score(a, q, r).clamp(-10, 10))), FREE),
    "returns centred and scaled at once": (replace(GRPO, baseline=Zero(), scale=Deviation("group", centre=True)), FREE),
    "over the mean size of advantages": (
        replace(
            GAE,
            scale=CustomScale(lambda a, q, r: a * r.valid.sum((0, 2), True) / (a * r.valid).abs().sum((0, 2), True)),
        ),
        FREE,
    ),
    "best half of a group": (replace(RLOO, baseline=Zero(), scale=CustomScale(best_half)), FREE),
    "ranks within a group": (replace(RLOO, baseline=Zero(), scale=CustomScale(ranks)), FREE),
    "PPO of Spinning Up": (replace(PPO, surrogate=CustomSurrogate(spinning_up, (0.8, 1.2))), NONE),
    "PPO of Spinning Up, bounds not declared": (replace(PPO, surrogate=CustomSurrogate(spinning_up)), NONE),
    "dual clip": (replace(PPO, surrogate=CustomSurrogate(dual, (0.8, 1.2))), NONE),
    "soft gate": (replace(PPO, surrogate=CustomSurrogate(smooth)), NONE),
    "weight under stop-gradient": (
        replace(PPO, surrogate=CustomSurrogate(lambda p, m, a, v: ratio(p, m).detach() * a * p)),
        NONE,
    ),
    "weight capped on both sides": (
        replace(
            PPO, surrogate=CustomSurrogate(lambda p, m, a, v: ratio(p, m).clamp(0.5, 3).detach() * a * p, (0.5, 3.0))
        ),
        NONE,
    ),
    "masked ratios": (
        replace(GAE, correction=CustomCorrection(lambda x, v: (x * v).exp() * ((x * v).abs() < 0.7))),
        NONE,
    ),
    "ratios so far": (replace(GAE, correction=CustomCorrection(lambda x, v: (x * v).cumsum(0).exp())), NONE),
    "geometric mean of ratios": (
        replace(
            RLOO,
            correction=CustomCorrection(
                lambda x, v: ((x * v).sum(0, True) / v.sum(0, True).clamp(min=1)).exp().expand_as(x)
            ),
        ),
        NONE,
    ),
    **NEIGHBOURS,
    "entropy by a cosine": (replace(GAE, entropy=Cosine(0.02)), NONE),
    "REINFORCE without a promise": (
        Estimator(EpisodeReturn(), Zero(), CustomSurrogate(lambda p, m, a, v: p * a)),
        NONE,
    ),
}

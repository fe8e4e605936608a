"""Wrong credits that bootstrap, critic targets and V-traces, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from algorithms.estimators.credit import EpisodeReturn, LambdaReturn, NStep, VTrace, backward_sum, lambda_return
from algorithms.estimators.rollout import Rollout
from tests.contracts.custom_parts import CustomBootstrap, CustomTarget
from tests.contracts.wrong_returns import plain_gae


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


def cut_at_row_4(r: Rollout) -> Rollout:
    return replace(r, continues=torch.cat([r.continues[:4], 0 * r.continues[4:5], r.continues[5:]]))


BOOT: dict[str, Any] = {
    "lambda exchanged": Exchanged(0.95),
    "lambda exchanged at 1": Exchanged(1.0),
    "lambda exchanged, no field": CustomBootstrap(lambda r, v: LambdaReturn(1 - 0.95)(r, v)),
    "lambda exchanged in the values only": CustomBootstrap(
        lambda r, v: backward_sum(r.reward + r.discount * 0.95 * v[1:], r.discount * 0.95 * r.continues, last=v[-1])
    ),
    "n is one less": ExchangedNStep(5),
    "V through the end": CustomBootstrap(lambda r, v: LambdaReturn()(without_end(r), v)),
    "no V at a cut": CustomBootstrap(lambda r, v: LambdaReturn()(replace(r, discount=r.discount * r.continues), v)),
    "over the end": CustomBootstrap(lambda r, v: LambdaReturn()(replace(r, continues=torch.ones_like(r.continues)), v)),
    "V of this step for the next": CustomBootstrap(lambda r, v: plain_gae(r, v, next_v=v[:-1])),
    "V subtracted": CustomBootstrap(lambda r, v: plain_gae(r, v, next_v=-v[1:])),
    "gamma forgotten beside V": CustomBootstrap(lambda r, v: plain_gae(r, v, next_v=v[1:] / 0.9)),
    "gamma forgotten beside lambda": CustomBootstrap(
        lambda r, v: v[:-1] + backward_sum(r.reward + r.discount * v[1:] - v[:-1], 0.95 * r.continues)
    ),
    "advantage for return": CustomBootstrap(lambda r, v: plain_gae(r, v) - v[:-1]),
    "V twice": CustomBootstrap(lambda r, v: plain_gae(r, v) + v[:-1]),
    "GAE times 1.02": CustomBootstrap(lambda r, v: v[:-1] + 1.02 * (plain_gae(r, v) - v[:-1])),
    "last rows without V": CustomBootstrap(lambda r, v: lambda_return(r, torch.cat([v[:-1], 0 * v[-1:]]), 0.95)),
    "TD with the wrong sign": CustomBootstrap(lambda r, v: v[:-1] - (r.reward + r.discount * v[1:] - v[:-1])),
    "traces end at a fixed row": CustomBootstrap(lambda r, v: LambdaReturn()(cut_at_row_4(r), v)),
    "V without the reward": CustomBootstrap(lambda r, v: r.discount * v[1:]),
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
    "traces end at a fixed row": lambda r, v: LambdaReturn()(cut_at_row_4(r), v),
    "of another member": lambda r, v: LambdaReturn()(r, v).roll(1, 1),
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
    "ratios ignored": CustomTarget(
        lambda r, v: VTrace()(replace(r, current_logp=None), v),
        lambda r, v: VTrace().target(replace(r, current_logp=None), v),
    ),
}

"""Wrong rewards and credits without bootstrapping, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms.estimators.credit import EpisodeReturn, ImmediateReward, LambdaReturn, RewardToGo, backward_sum
from algorithms.estimators.rollout import Rollout
from tests.contracts.custom_parts import CustomCredit


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


def last_row(r: Rollout) -> Tensor:
    return r.valid * (1 - r.continues)


REWARDS: dict[str, Callable[[Rollout], Tensor]] = {
    "only the last reward": lambda r: r.reward * last_row(r),
    "the last reward dropped": lambda r: r.reward * r.continues,
    "the last reward dropped where it is cut": lambda r: r.reward * (1 - last_row(r) * (r.discount > 0)),
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
    "no discount": CustomCredit(undiscounted),
    "discount squared": CustomCredit(lambda r, v: backward_sum(r.reward * r.valid, r.discount**2 * r.continues)),
    "whole return without discount": CustomCredit(lambda r, v: undiscounted(r)[:1].expand_as(r.reward)),
    "return from the next step": CustomCredit(lambda r, v: torch.cat([RewardToGo()(r, v)[1:], 0 * r.reward[:1]])),
    "return without the step's own reward": CustomCredit(lambda r, v: RewardToGo()(r, v) - r.reward),
    "rewards before and not after": CustomCredit(lambda r, v: (r.reward * r.valid).cumsum(0)),
    "immediate": ImmediateReward(),
    "averaged": CustomCredit(lambda r, v: RewardToGo()(r, v) / r.valid.sum(0).clamp(min=1)),
    "return times 1.02": CustomCredit(lambda r, v: 1.02 * RewardToGo()(r, v)),
    "return squared with its sign": CustomCredit(
        lambda r, v: RewardToGo()(r, v).abs() ** 0.5 * RewardToGo()(r, v).sign()
    ),
    "return of the whole batch": CustomCredit(
        lambda r, v: RewardToGo()(r, v).mean(2, keepdim=True).expand_as(r.reward)
    ),
    "whole return negated": CustomCredit(lambda r, v: -EpisodeReturn()(r, v)),
    "across the end": CustomCredit(lambda r, v: backward_sum(r.reward, torch.ones_like(r.reward))),
    "summed across a cut": CustomCredit(lambda r, v: backward_sum(r.reward, r.discount)),
    "an entropy reward of the wrong sign": CustomCredit(
        lambda r, v: RewardToGo()(replace(r, reward=r.reward + 0.01 * r.logp), v)
    ),
}

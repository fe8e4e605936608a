"""Wrong baselines, by name: (estimator it is put into, baseline, promises)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from algorithms.estimators.baseline import GroupMean, MovingAverage, OptimalConstant, Zero
from algorithms.estimators.credit import RewardToGo
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout
from algorithms.variant import Promises
from tests.contracts.custom_parts import (
    GAE,
    GO,
    LOO,
    NONE,
    ONE,
    RLOO,
    CustomBaseline,
    CustomCritic,
    State,
    grouped,
    loo,
)


@dataclass(frozen=True)
class PastOfAnother(MovingAverage):
    """What the member before it has returned."""

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        b, after = super().__call__(q, rollout, values, state)
        return b.roll(1, 1), after


@dataclass(frozen=True)
class PastOfAll(MovingAverage):
    """One average for the whole population."""

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        b, after = super().__call__(q, rollout, values, state)
        return b, {name: x.mean(1, keepdim=True).expand_as(x) for name, x in after.items()}


@dataclass(frozen=True)
class MovedFirst(MovingAverage):
    """Updated before it is used: the episode is in its own baseline."""

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        _, after = super().__call__(q, rollout, values, state)
        b, _ = super().__call__(q, rollout, values, after)
        return b, after


@dataclass(frozen=True)
class NextStep(MovingAverage):
    """The average of the step after."""

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        b, after = super().__call__(q, rollout, values, state)
        return torch.cat([b[1:], torch.zeros_like(b[:1])]), after


@dataclass(frozen=True)
class FirstForEver(Zero):
    """The mean of the first rollout it ever saw."""

    kept: dict[str, Tensor] = field(default_factory=dict)

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        b = self.kept.setdefault("b", q.mean((0, 2)))
        return (b if len(b) == q.shape[1] else q.mean((0, 2)))[None, :, None].expand_as(q), state


@dataclass(frozen=True)
class PaddedPast(Zero):
    """The mean of all rows of the last rollout, whatever stood in them."""

    def initial(self, members: int, horizon: int) -> State:
        return {"mean": torch.zeros(members)}

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        return state["mean"][None, :, None].expand_as(q), {"mean": rollout.reward.mean((0, 2))}


@dataclass(frozen=True)
class InPlace(Zero):
    """Subtracts in the rollout itself."""

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
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
    "half the episode itself": (GO, CustomBaseline(lambda q, r, v: 0.5 * q), ONE),
    "half the episode itself, nothing promised": (GO, CustomBaseline(lambda q, r, v: 0.5 * q), NONE),
    "another member": (RLOO, CustomBaseline(lambda q, r, v: loo(q, r).roll(1, 1)), ONE),
    "leave-one-out over G": (RLOO, CustomBaseline(lambda q, r, v: loo(q, r) * (r.group - 1) / r.group), NONE),
    "leave-one-out of the wrong sign": (RLOO, CustomBaseline(lambda q, r, v: -loo(q, r)), NONE),
    "leave-one-out times 1.02": (RLOO, CustomBaseline(lambda q, r, v: 1.02 * loo(q, r)), ONE),
    "best of the group": (
        RLOO,
        CustomBaseline(lambda q, r, v: grouped(q, r).amax(-1, True).expand_as(grouped(q, r)).reshape(q.shape)),
        ONE,
    ),
    "group mean called unbiased": (RLOO, GroupMean(), ONE),
    "mean of the next group": (
        RLOO,
        CustomBaseline(
            lambda q, r, v: grouped(q, r).mean(-1, True).roll(1, 2).expand_as(grouped(q, r)).reshape(q.shape)
        ),
        ONE,
    ),
    "sum of the group": (
        RLOO,
        CustomBaseline(lambda q, r, v: grouped(q, r).sum(-1, True).expand_as(grouped(q, r)).reshape(q.shape)),
        NONE,
    ),
    "leave-one-out of the next step": (LOO, CustomBaseline(lambda q, r, v: loo(q, r).roll(-1, 0)), ONE),
    "padding of the past": (GO, PaddedPast(), ONE),
    "V of the next state": (replace(GAE, credit=RewardToGo()), CustomCritic(lambda q, r, v: v[1:]), ONE),
    "V of the next state in GAE": (GAE, CustomCritic(lambda q, r, v: v[1:]), NONE),
    "V of the wrong sign": (GAE, CustomCritic(lambda q, r, v: -v[:-1]), NONE),
    "V twice": (GAE, CustomCritic(lambda q, r, v: 2 * v[:-1]), NONE),
    "V half return": (GAE, CustomCritic(lambda q, r, v: 0.5 * (v[:-1] + q)), NONE),
    "V of another episode": (GAE, CustomCritic(lambda q, r, v: v[:-1].roll(1, 2)), NONE),
    "optimal constant with itself": (
        replace(RLOO, baseline=OptimalConstant()),
        CustomBaseline(lambda q, r, v: ((r.valid * q).sum((0, 2), True) / r.valid.sum((0, 2), True)).expand_as(q)),
        ONE,
    ),
}

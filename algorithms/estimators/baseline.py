"""Baselines b_t, subtracted from q_t. A baseline that excludes the episode itself does not bias the gradient.

Means are those of algorithms.estimators.means: if all q_t are equal, q_t - b_t is exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from algorithms.estimators.means import mean, mean_of_others
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.tunable import Number, Range, as_vector, tunable

STATE_MEMBER_AXIS = 1  # of every tensor in a baseline's state: [horizon, P]


@runtime_checkable
class ReadsPool(Protocol):
    """A baseline that reads rollout.pool_return, the mean of all episodes that adaptive sampling played for a prompt."""

    @property
    def reads_pool(self) -> bool: ...


def reads_pool(baseline: object) -> bool:
    """Whether it reads more episodes of a prompt than those that are learned from."""
    return isinstance(baseline, ReadsPool)


class _Plain:
    """A baseline without critic, score norms and greedy return."""

    critic: ClassVar[bool] = False
    needs_score_norms: ClassVar[bool] = False
    needs_greedy_return: ClassVar[bool] = False


class Stateless(_Plain):
    """A baseline without a memory."""

    def initial(self, members: int, horizon: int) -> PartState:
        return {}


@dataclass(frozen=True)
class Zero(Stateless):
    """b = 0."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        return torch.zeros_like(q), state


@dataclass(frozen=True)
class MovingAverage(_Plain):
    """b_t = moving average over past rollouts of the mean q_t of the episodes still running at t.

    w <- alpha w + (1 - alpha),  b <- b + (1 - alpha) / w (mean - b): the average with Adam's bias correction, so that
    the first averages are not biased towards 0. A time step without earlier data has b = 0. The update follows the use.
    """

    alpha: Number = tunable(0.9, Range(0.5, 0.99))

    def __post_init__(self) -> None:
        if not 0 <= as_vector(self.alpha) < 1:
            raise ValueError(f"alpha must lie in [0, 1), not {self.alpha}")

    def initial(self, members: int, horizon: int) -> PartState:
        return {"mean": torch.zeros(horizon, members), "weight": torch.zeros(horizon, members)}

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        steps = len(q)
        average, weight = state["mean"].clone(), state["weight"].clone()  # [horizon, P]
        b = average[:steps].clone()
        seen, alpha = rollout.valid.sum(2) > 0, as_vector(self.alpha)  # [T, P]
        gathered = alpha * weight[:steps] + (1 - alpha)
        moved = b + (1 - alpha) / gathered * (mean(q, rollout.valid, 2)[..., 0] - b)
        average[:steps] = torch.where(seen, moved, b)
        weight[:steps] = torch.where(seen, gathered, weight[:steps])
        return b[..., None].expand_as(q), {"mean": average, "weight": weight}


def _in_groups(x: Tensor, rollout: Rollout, why: str) -> Tensor:
    """[T, P, N] -> [T, P, N/G, G]; ValueError for groups of one."""
    if rollout.group < 2:
        raise ValueError(f"{why} needs groups of at least 2 episodes; a group of 1 leaves nothing to compare")
    return x.reshape(*x.shape[:2], -1, rollout.group)


@dataclass(frozen=True)
class LeaveOneOut(Stateless):
    """b_t = mean of q_t over the other episodes of the group (Kool et al. 2019; RLOO); ended episodes count 0."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        grouped = _in_groups(q, rollout, "leave-one-out")
        return mean_of_others(grouped, torch.ones_like(grouped), -1).reshape(q.shape), state


@dataclass(frozen=True)
class GroupMean(Stateless):
    """b_t = mean of q_t over the whole group, the episode itself included; ended episodes count 0.

    The expected gradient shrinks by (G-1)/G: q_i - mean = (G-1)/G (q_i - mean of the others) (GRPO's, Shao et al.
    2024).
    """

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        grouped = _in_groups(q, rollout, "the mean of a group")
        return mean(grouped, torch.ones_like(grouped), -1).expand_as(grouped).reshape(q.shape), state


@dataclass(frozen=True)
class PoolMean(Stateless):
    """b = mean return of all episodes that were played for the prompt, also of those that are not kept (Reinforce-Ada).

    Without adaptive sampling (Schedule.rounds) the group is all, and it is GroupMean.
    """

    reads_pool: ClassVar[bool] = True

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        if rollout.pool_return is None:
            return GroupMean()(q, rollout, values, state)
        _in_groups(q, rollout, "a balanced group")
        return rollout.pool_return, state


@dataclass(frozen=True)
class LengthWeightedMean(Stateless):
    """b_t = sum_i |y_i| q_it / sum_i |y_i| over the group, the episode itself included (OPO; Hao et al. 2025, eq. 7).

    |y_i| replaces |S_i|^2 of the optimal constant. If all lengths are equal, it is GroupMean.
    """

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        grouped = _in_groups(q, rollout, "a length-weighted mean")
        length = _in_groups(rollout.valid.sum(0, keepdim=True), rollout, "")
        return mean(grouped, length, -1).expand_as(grouped).reshape(q.shape), state


@dataclass(frozen=True)
class BatchMean(Stateless):
    """b_t = mean of q_t over the member's batch, the episode itself included: the expected gradient shrinks by (N-1)/N."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        if q.shape[2] < 2:
            raise ValueError("the mean of a batch of 1 is the episode itself: its advantage would always be 0")
        return mean(q, torch.ones_like(q), 2).expand_as(q), state


@dataclass(frozen=True)
class OptimalConstant(Stateless):
    """b = E[|S|^2 R] / E[|S|^2], the constant of least variance (Greensmith et al. 2004, theorem 8), S = sum_t grad log pi.

    For each episode it is estimated from all others of the batch, so it is independent of that episode. |S_i|^2 is that
    of the head's inputs, sum_t score_norm_sq_t: exact for a table of logits, an approximation for a network.
    """

    needs_score_norms: ClassVar[bool] = True

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        assert rollout.score_norm_sq is not None
        if q.shape[2] < 2:
            raise ValueError("the optimal constant is estimated from the other episodes of a batch, and this one has 1")
        norm = (rollout.score_norm_sq * rollout.valid).sum(0, keepdim=True)  # [1, P, N]
        return mean_of_others(q, norm, 2), state


@dataclass(frozen=True)
class OptimalToken(Stateless):
    """b_t = sum_i W_it q_it / sum_i W_it over the group, W_it = sum_{j<=t} score_norm_sq_ij: an optimal constant per step.

    The optimal token baseline of verl. It averages over running episodes only, the episode itself included.
    """

    needs_score_norms: ClassVar[bool] = True

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        assert rollout.score_norm_sq is not None
        w = (rollout.score_norm_sq * rollout.valid).cumsum(0) * rollout.valid
        grouped, weight = (_in_groups(x, rollout, "the optimal token baseline") for x in (q, w))
        return mean(grouped, weight, -1).expand_as(grouped).reshape(q.shape), state


@dataclass(frozen=True)
class GreedyReturn(Stateless):
    """b = R of the greedy policy on the same prompt (self-critical training; Rennie et al. 2017, eq. 8; ReMax).

    One greedy text per prompt, which is charged to the budget like any other.
    """

    needs_greedy_return: ClassVar[bool] = True

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        assert rollout.greedy_return is not None
        return rollout.greedy_return, state


@dataclass(frozen=True)
class ValueNetwork(Stateless):
    """b_t = V(s_t), a learned critic."""

    critic: ClassVar[bool] = True

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        assert values is not None
        return values[: len(q)], state

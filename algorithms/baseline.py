"""Baselines: b_t, subtracted from q_t. None but GroupMean uses the episode it judges, so none moves the gradient's mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from algorithms.types import Rollout

State = dict[str, Tensor]


class _Stateless:
    def initial(self, members: int, horizon: int) -> State:
        return {}


@dataclass(frozen=True)
class Zero(_Stateless):
    """b = 0."""

    critic: ClassVar[bool] = False

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        return torch.zeros_like(q), state


@dataclass(frozen=True)
class MovingAverage:
    """b_t = moving average over past rollouts of the mean q_t of the episodes still running at t.

    b <- alpha b + (1 - alpha) mean, divided by the weight it has gathered (as Adam's bias correction), so that the first
    rollouts are not pulled towards 0; a time step never seen before has b = 0. Updated after it has been used.
    """

    alpha: float = 0.9
    critic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < 1:
            raise ValueError(f"alpha must lie in [0, 1), not {self.alpha}")

    def initial(self, members: int, horizon: int) -> State:
        return {"total": torch.zeros(horizon, members), "weight": torch.zeros(horizon, members)}

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        steps = len(q)
        total, weight = state["total"].clone(), state["weight"].clone()  # [horizon, P]
        b = torch.where(weight > 0, total / weight.clamp(min=1e-12), 0.0)[:steps]
        count = rollout.valid.sum(2)  # [T, P]
        mean = (q * rollout.valid).sum(2) / count.clamp(min=1)
        seen = count > 0
        total[:steps] = torch.where(seen, self.alpha * total[:steps] + (1 - self.alpha) * mean, total[:steps])
        weight[:steps] = torch.where(seen, self.alpha * weight[:steps] + (1 - self.alpha), weight[:steps])
        return b[..., None].expand_as(q), {"total": total, "weight": weight}


@dataclass(frozen=True)
class LeaveOneOut(_Stateless):
    """b_t = mean of q_t over the other episodes of the group (Kool et al. 2019; RLOO); an episode that ended counts 0."""

    critic: ClassVar[bool] = False

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        g = rollout.group
        if g < 2:
            raise ValueError(
                "leave-one-out needs groups of at least 2 episodes; a group of 1 leaves nothing to compare"
            )
        grouped = q.reshape(*q.shape[:2], -1, g)  # [T, P, N/G, G]
        others = (grouped.sum(-1, keepdim=True) - grouped) / (g - 1)
        return others.reshape(q.shape), state


@dataclass(frozen=True)
class GroupMean(_Stateless):
    """b_t = mean of q_t over the whole group, the episode itself included; an episode that ended counts 0.

    It shrinks the expected gradient by (G-1)/G: q_i - mean = (G-1)/G (q_i - mean of the others) (GRPO's, Shao et al. 2024).
    """

    critic: ClassVar[bool] = False

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        g = rollout.group
        if g < 2:
            raise ValueError("the mean of a group of 1 is the episode itself: its advantage would always be 0")
        grouped = q.reshape(*q.shape[:2], -1, g)  # [T, P, N/G, G]
        return grouped.mean(-1, keepdim=True).expand_as(grouped).reshape(q.shape), state


@dataclass(frozen=True)
class ValueNetwork(_Stateless):
    """b_t = V(s_t), a learned critic."""

    critic: ClassVar[bool] = True

    def __call__(self, q: Tensor, rollout: Rollout, values: Tensor | None, state: State) -> tuple[Tensor, State]:
        assert values is not None
        return values[: len(q)], state

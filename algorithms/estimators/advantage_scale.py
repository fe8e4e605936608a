"""Scales: transformations of the advantages A = q - b of valid rows before the loss is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, get_args, runtime_checkable

import torch
from torch import Tensor

from algorithms.estimators.means import mean
from algorithms.estimators.rollout import Rollout

Over = Literal["group", "batch", "minibatch"]
Of = Literal["returns", "advantages"]


@runtime_checkable
class ReadsParts(Protocol):
    """A scale that reads rollout.parts, the reward by part, where the task pays in parts."""

    @property
    def reads_parts(self) -> bool: ...


def reads_parts(scale: object) -> bool:
    """Whether it reads the parts of a reward."""
    return isinstance(scale, ReadsParts)


class WholeRollout:
    """A scale that reads whole rollouts."""

    each_minibatch: ClassVar[bool] = False

    def rows(self, advantage: Tensor, valid: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} scales whole rollouts")


@dataclass(frozen=True)
class Deviation:
    """A <- (A - m) / (sqrt(max(var, least)) + eps), m the mean if `centre` else 0; 0 if the deviation is 0.

    over  the group, the member's batch, or each minibatch of it in turn
    of    "returns": one q per episode, that of its first step (the standard deviation of the group's R_i, as in GRPO);
          "advantages": A over all valid rows (whitening, as PPO and REINFORCE++)
    ddof  var = sum (x - mean)^2 / (count - ddof): 0 as numpy, 1 as torch.std

    A group of 1 has no deviation and raises an error. Centring removes constant shifts of the rewards. Division removes
    their scale and weights prompts by difficulty, so the expected gradient is no longer that of J.
    """

    over: Over
    of: Of = "returns"
    centre: bool = False
    ddof: int = 0
    eps: float = 0.0
    least: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (("over", get_args(Over)), ("of", get_args(Of))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r} is none of {', '.join(allowed)}")
        if self.ddof not in (0, 1) or self.eps < 0 or self.least < 0:
            raise ValueError(f"needs ddof 0 or 1, eps and least 0 at least, not {self}")
        if self.over == "minibatch" and self.of == "returns":
            raise ValueError('a minibatch of rows has no whole returns: over="minibatch" needs of="advantages"')

    @property
    def each_minibatch(self) -> bool:
        return self.over == "minibatch"

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        t, p, n = advantage.shape
        size = rollout.group if self.over == "group" else n
        if size < 2:
            raise ValueError(f"the deviation over a {self.over} needs at least 2 episodes; of 1 it would always be 0")
        a, valid = (x.reshape(t, p, n // size, size) for x in (advantage, rollout.valid))
        if self.of == "returns":
            x, on = q[:1].reshape(1, p, n // size, size), valid[:1]
        else:
            x, on = a, valid
        return self._scaled(a, valid, x, on, (0, 3)).reshape(t, p, n)

    def rows(self, advantage: Tensor, valid: Tensor) -> Tensor:
        alone = valid.sum((0, 2), keepdim=True) < 2  # one row has no deviation and is kept, as in stable-baselines3
        return torch.where(alone, advantage, self._scaled(advantage, valid, advantage, valid, (0, 2)))

    def _scaled(self, a: Tensor, valid: Tensor, x: Tensor, on: Tensor, axes: tuple[int, ...]) -> Tensor:
        """a, scaled by the mean and deviation of x over `axes` where `on`."""
        count = on.sum(axes, keepdim=True)
        centre = mean(x, on, axes)
        square = ((x - centre) ** 2 * on).sum(axes, keepdim=True)
        variance = square / (count - self.ddof).clamp(min=1)
        deviation = variance.clamp(min=self.least).sqrt() + self.eps
        # if all x are equal, they deviate only by rounding
        flat = square <= count * (1e-6 * centre.abs()) ** 2
        made = (a - centre if self.centre else a) / torch.where(flat, 1.0, deviation)
        return torch.where(flat, 0.0, made) * valid


@dataclass(frozen=True)
class Nonzero(WholeRollout):
    """A <- A N / (number of episodes of the batch whose return is not 0) (GPG)."""

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        began = rollout.valid[:1]
        count = ((q[:1] != 0) * began).sum(2, keepdim=True).clamp(min=1)
        return advantage * (began.sum(2, keepdim=True) / count)


@dataclass(frozen=True)
class BestOfGroup(WholeRollout):
    """A <- 1 for episodes with the largest return of their group, else 0: the best are imitated (RAFT).

    Groups whose returns are all equal have no best episode, and their A is 0.
    """

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        g = rollout.group
        if g < 2:
            raise ValueError("the best of a group of 1 is the episode itself; RAFT needs groups of at least 2 episodes")
        returns = q[:1].reshape(1, q.shape[1], -1, g)
        best = (returns == returns.amax(-1, keepdim=True)) & (returns > returns.amin(-1, keepdim=True))
        return best.to(q.dtype).reshape(1, *q.shape[1:]) * rollout.valid

"""Frozen arrays of a batch of texts, and changes of it that must not matter. Axes: B texts, L positions, then the rest.

The numbers are those of the kit's synthetic rollout, rounded so that an example can be checked by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.conformance.synthetic_rollouts import STEPS, synthetic_rollout
from algorithms.estimators.rollout import Rollout

GARBAGE = 7.0


class Shares(NamedTuple):
    """What a function is given of the whole batch, of which it may see one part."""

    tokens: float  # positions that train
    rows: float  # texts
    ranks: int = 1  # data-parallel processes, whose gradients are averaged
    micro_batches: int = 1


@dataclass(frozen=True)
class Texts:
    """B texts of at most L positions, padded on the right. Positions with mask 0 do not train.

    exists   [B, L] 1 where there is a token; more than `mask` in texts that are kept but do not train
    group    [B] the number of the text's prompt; the texts of a prompt are adjacent
    value    [B, L] V(s_t); the state after the last position is terminal and has value 0
    """

    reward: Tensor  # [B, L]
    mask: Tensor  # [B, L]
    exists: Tensor
    old_logp: Tensor  # [B, L] of the policy that wrote the texts
    logp: Tensor  # [B, L] of the policy that learns
    advantage: Tensor  # [B, L] for losses
    value: Tensor
    new_value: Tensor  # [B, L] the critic's prediction, for value losses
    target: Tensor  # [B, L] its regression target
    sum_pi_squared: Tensor  # [B, L] sum over the vocabulary of pi^2
    group: Tensor
    baseline: Tensor  # [B] return of the greedy text of the same prompt
    gamma: float = 1.0
    lam: float = 0.95
    shares: Shares | None = None

    @property
    def train(self) -> Tensor:
        """The positions that train, as booleans [B, L]."""
        return self.mask > 0

    @property
    def group_size(self) -> int:
        """Texts of a prompt."""
        return int((self.group == self.group[0]).sum())

    @property
    def whole(self) -> Shares:
        """What is said of the batch: its own counts, if nothing else was said."""
        return self.shares or Shares(float(self.mask.sum()), float(len(self.mask)))

    def tensors(self) -> dict[str, Tensor]:
        """The fields that are tensors, by name."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in pairs if isinstance(value, Tensor)}

    def each(self, **changed: Tensor) -> Texts:
        """The batch with these tensors instead."""
        return replace(self, **changed)  # type: ignore[arg-type]

    def rows(self, index: Tensor) -> Texts:
        """The texts at these numbers, in this order."""
        return self.each(**{name: x[index] for name, x in self.tensors().items()})

    def columns(self, before: int, after: int) -> Texts:
        """The batch with empty positions before and after those that are there."""
        grid = {n: x for n, x in self.tensors().items() if x.dim() == 2}
        return self.each(**{n: torch.nn.functional.pad(x, (before, after)) for n, x in grid.items()})

    def next_value(self) -> Tensor:
        """V(s_{t+1}) [B, L]: that of the next position that trains, 0 after the last."""
        made, ahead = torch.zeros_like(self.value), torch.zeros_like(self.value[:, 0])
        for t in reversed(range(made.shape[1])):
            made[:, t] = ahead
            ahead = torch.where(self.train[:, t], self.value[:, t], ahead)
        return made

    def done(self) -> Tensor:
        """1 at the last position that trains of each text [B, L]."""
        later = self.mask.flip(1).cumsum(1).flip(1) - self.mask
        return ((later == 0) & self.train).to(self.mask.dtype)


def texts(groups: int, group: int, length: int, gamma: float = 1.0, digits: int = 1) -> Texts:
    """A batch of `groups` prompts with `group` texts each, of 1 to `length` positions, in float64."""
    rollout, values = synthetic_rollout()
    generator = torch.Generator().manual_seed(11)
    index = (torch.arange(groups * group) * 5 + 1) % rollout.valid.shape[2]  # lengths that differ within a prompt

    def grid(x: Tensor) -> Tensor:
        return x[:length, 0, :][:, index].T.round(decimals=digits).contiguous()

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(len(index), length, dtype=torch.float64).uniform_(low, high, generator=generator)

    mask = grid(rollout.valid)
    old = (-0.1 - uniform(0.0, 1.0)).round(decimals=digits) * mask
    value = grid(values[:STEPS]) * mask
    sign = torch.where(torch.arange(len(index)) % 2 == 0, 1.0, -1.0).double()[:, None]
    size = uniform(0.5, 1.5)[:, :1].round(decimals=digits)
    return Texts(
        reward=grid(rollout.reward) * mask,
        mask=mask,
        exists=mask.clone(),
        old_logp=old,
        logp=old.clone(),
        advantage=(size * sign * mask),
        value=value,
        new_value=value + 0.05 * mask,  # closer to `value` than a clip
        target=uniform(-1.0, 1.0).round(decimals=digits) * mask,
        sum_pi_squared=(0.2 + uniform(0.0, 0.6)).round(decimals=digits) * mask,
        group=torch.arange(groups).repeat_interleave(group),
        baseline=uniform(-1.0, 1.0)[: groups * group : group, 0].round(decimals=digits).repeat_interleave(group),
        gamma=gamma,
    )


def rollout_of(batch: Texts) -> tuple[Rollout, Tensor]:
    """(the texts as a rollout [L, 1, B], the critic's values [L+1, 1, B])."""

    def time_first(x: Tensor) -> Tensor:
        return x.T[:, None].contiguous()

    going_on = batch.mask * (1 - batch.done())
    steps, rows = batch.mask.shape[1], len(batch.mask)
    rollout = Rollout(
        obs=torch.zeros(steps + 1, 1, rows, 1, dtype=torch.float64),
        action=torch.zeros(steps, 1, rows, dtype=torch.long),
        logp=time_first(batch.old_logp),
        reward=time_first(batch.reward),
        discount=time_first(batch.gamma * going_on),
        continues=time_first(going_on),
        valid=time_first(batch.mask),
        action_mask=None,
        group=batch.group_size,
        score_norm_sq=time_first(1 - 2 * batch.old_logp.exp() + batch.sum_pi_squared),
        greedy_return=batch.baseline.expand(steps, 1, rows),
    )
    values = torch.nn.functional.pad(time_first(batch.value), (0, 0, 0, 0, 0, 1))
    return rollout, values


def part(batch: Texts, rows: Sequence[int]) -> Texts:
    """A part of the batch, with the counts of the whole."""
    return replace(batch.rows(torch.tensor(rows)), shares=batch.whole)

"""Baselines that know texts again, and the numbers by which they do: what others earned after the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from algorithms.estimators.baseline import LeaveOneOut, Stateless
from algorithms.estimators.rollout import PartState, Rollout

MULTIPLIER, PRIME = 1_000_003, 2_147_483_647  # of the polynomial that numbers texts; products stay below 2^63


def prefix_numbers(tokens: Tensor, positions: Sequence[int]) -> Tensor:
    """A number [T, ...] for the tokens [L, ...] up to each position: a polynomial of them modulo a prime of 31 bits.

    Different texts have the same number with a chance of about 5e-10.
    """
    number, rows, start = torch.zeros_like(tokens[0], dtype=torch.long), [], 0
    for position in positions:
        for token in tokens[start : position + 1].long():
            number = (number * MULTIPLIER + token + 1) % PRIME
        rows.append(number)
        start = position + 1
    return torch.stack(rows)


@runtime_checkable
class ReadsPrefixes(Protocol):
    """A baseline that knows texts again: it reads rollout.prefix."""

    @property
    def reads_prefixes(self) -> bool: ...


@runtime_checkable
class ReadsExpectedReturn(ReadsPrefixes, Protocol):
    """A baseline that reads rollout.expected_return, which only tasks that can be listed have."""

    @property
    def reads_expected_return(self) -> bool: ...


@dataclass(frozen=True)
class SamePrefix(Stateless):
    """b_t = mean q_t of the group's other episodes that have the same text before t; of all others where there is none.

    The step-level group of GiGPO (Feng et al. 2025, arXiv 2505.10978, equation 6): states that several episodes of a group
    pass through are compared by what followed. It is drawn before a_t and from other episodes, so E[g] = grad J for
    rewards-to-go. The source adds the episode's own advantage and divides both by deviations.
    """

    reads_prefixes: ClassVar[bool] = True

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        assert rollout.prefix is not None
        everywhere, _ = LeaveOneOut()(q, rollout, values, state)
        size = rollout.group
        grouped, prefix, valid = (x.reshape(*q.shape[:2], -1, size) for x in (q, rollout.prefix, rollout.valid))
        same = (prefix[..., :, None] == prefix[..., None, :]) & (
            valid[..., None, :] > 0
        )  # [T, P, X, G (own), G (other)]
        same &= ~torch.eye(size, dtype=torch.bool, device=q.device)
        count = same.sum(-1)
        others = grouped[..., None, :].expand(same.shape)
        centre = torch.where(same, others, -torch.inf).amax(-1)  # equal returns have exactly their mean
        centre = torch.where(count > 0, centre, 0.0)
        off = torch.where(same, others - centre[..., None], 0.0).sum(-1)
        near = centre + off / count.clamp(min=1)
        return torch.where(count > 0, near, everywhere.reshape(near.shape)).reshape(q.shape), state


@dataclass(frozen=True)
class ExpectedReturnToGo(Stateless):
    """b_t = E[R(tau) | text before a_t], exact, of the policy that acted: what rewards-to-go have V(s_t) for.

    VinePPO (Kazemnejad et al. 2025, arXiv 2410.01679, equation 8) estimates it by further texts from the same prefix; with
    infinitely many it is this. For the whole return as credit: R - b_t is G_t - V(s_t) where the text tells what was paid.
    It does not depend on a_t, so E[g] = grad J.
    """

    reads_prefixes: ClassVar[bool] = True
    reads_expected_return: ClassVar[bool] = True

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        assert rollout.expected_return is not None
        return rollout.expected_return, state

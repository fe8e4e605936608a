"""Distributions over many actions, whose head inputs [T, P, N, V] are too large to be kept."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from algorithms.policies.api import ReadsOut
from algorithms.policies.distributions import Categorical, Head, masked
from envs.api import Array, Floats

MANY_ACTIONS = 256  # above this, a step's head inputs are not kept
NUMBERS_TOGETHER = 2**22  # head inputs that are computed at once


def has_many_actions(head: Head) -> bool:
    """Whether its inputs are not kept."""
    return isinstance(head, Categorical) and head.outputs > MANY_ACTIONS


class Density(NamedTuple):
    """What is kept of the head inputs of a step [P, N]: log pi(a), the entropy, and the squared norm of the score."""

    logp: Floats
    entropy: Floats
    score_norm_sq: Floats

    @classmethod
    def of(cls, head: Head, out: Tensor, action: Array) -> Self:
        """Of head inputs [P, N, V] and the actions drawn from them [P, N]; some rows at a time."""
        rows, taken = out.flatten(0, 1), torch.from_numpy(action).to(out.device).flatten()
        together = max(1, NUMBERS_TOGETHER // out.shape[-1])
        parts = [
            (*head.log_prob_entropy(some, one), head.score_norm_sq(some, one))
            for some, one in zip(torch.split(rows, together), torch.split(taken, together), strict=True)
        ]
        return cls(*(torch.cat(x).view(action.shape).cpu().numpy() for x in zip(*parts, strict=True)))


def log_prob_entropy(
    net: ReadsOut,
    head: Head,
    states: Tensor,
    action_mask: Tensor | None,
    action: Tensor,
    written: Tensor,
    entropy: bool = True,
) -> tuple[Tensor, Tensor]:
    """log pi(a) and the entropy [T, P, N] at hidden states [T, P, N, D], as by the head of `net.readout`.

    If there are too many, head inputs are computed for some rows at a time and once more for the gradient, so they are
    never all in memory.
    written  [T, P, N] where there is an action; elsewhere both are 0
    entropy  whether it is needed; without, it is 0
    """

    def density(hidden: Tensor, mask: Tensor | None, taken: Tensor) -> tuple[Tensor, Tensor]:
        out = masked(net.readout(hidden), mask)
        if entropy:
            return head.log_prob_entropy(out, taken)
        logp = head.log_prob(out, taken)
        return logp, torch.zeros_like(logp)

    place = written.flatten().nonzero()[:, 0]
    rows, taken = states.flatten(0, 2).index_select(0, place), action.flatten()[place]
    legal = None if action_mask is None else action_mask.flatten(0, 2)[place]
    together = max(1, NUMBERS_TOGETHER // head.outputs)
    again = torch.is_grad_enabled() and len(rows) > together
    parts = []
    for start in range(0, max(1, len(rows)), together):
        some = slice(start, start + together)
        given = rows[some], None if legal is None else legal[some], taken[some]
        if again:
            parts.append(checkpoint(density, *given, use_reentrant=False, preserve_rng_state=False))
        else:
            parts.append(density(*given))
    found = (torch.cat(x) for x in zip(*parts, strict=True))
    logp, spread = (x.new_zeros(written.numel()).index_copy(0, place, x).view(written.shape) for x in found)
    return logp, spread

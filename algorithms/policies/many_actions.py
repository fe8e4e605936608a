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
    net: ReadsOut, head: Head, states: Tensor, action_mask: Tensor | None, action: Tensor
) -> tuple[Tensor, Tensor]:
    """log pi(a) and the entropy [T, P, N] at hidden states [T, P, N, D], as by the head of `net.readout`.

    Head inputs are computed for some steps at a time and once more for the gradient, so they are never all in memory.
    """

    def density(hidden: Tensor, mask: Tensor | None, taken: Tensor) -> tuple[Tensor, Tensor]:
        return head.log_prob_entropy(masked(net.readout(hidden), mask), taken)

    together = max(1, NUMBERS_TOGETHER // (states[0, ..., 0].numel() * head.outputs))
    parts = []
    for start in range(0, len(states), together):
        some = slice(start, start + together)
        mask = None if action_mask is None else action_mask[some]
        if torch.is_grad_enabled():
            part = checkpoint(density, states[some], mask, action[some], use_reentrant=False, preserve_rng_state=False)
        else:
            part = density(states[some], mask, action[some])
        parts.append(part)
    logp, entropy = zip(*parts, strict=True)
    return torch.cat(logp), torch.cat(entropy)

"""Standardisation of each part of a reward by itself, before the parts are added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from algorithms.estimators.advantage_scale import Deviation, WholeRollout
from algorithms.estimators.credit import backward_sum
from algorithms.estimators.rollout import Rollout

IN_GROUP, IN_BATCH = Deviation("group", centre=True), Deviation("batch", centre=True)


@dataclass(frozen=True)
class StandardisedParts(WholeRollout):
    """A <- (S - mean S) / std S over the member's batch,    S = sum_k w_k (R_k - mean R_k) / std R_k in each group.

    Group reward-decoupled normalization (Liu et al. 2026, arXiv 2601.05242): R_k is the return of part k of the reward and
    w_k its weight (envs.delayed.PaysInParts). Part k with a spread of 0 in a group adds nothing there. Deviations have
    ddof 0 and no epsilon; the source's code has ddof 1 and 1e-4. A on entry is not read: the baseline is part of it.

    A reward of one part: A = (R - mean R) / std R of the group, over the square root of the share of the batch's groups
    whose returns differ.

    over_batch  whether S is standardised over the batch; False: A = S, and for one prompt whose parts are 0 or 1
                E[g] = sum_k w_k w_G(p_k) grad p_k with GRPO's w_G (algorithms.conformance.declared.success_rates)
    """

    over_batch: bool = True
    reads_parts: ClassVar[bool] = True

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        total = torch.zeros_like(q)
        for weight, returns in parts_of(q, rollout):
            total = total + weight * IN_GROUP(returns, returns, rollout)
        return IN_BATCH(total, total, rollout) if self.over_batch else total


def parts_of(q: Tensor, rollout: Rollout) -> list[tuple[Tensor, Tensor]]:
    """(w_k, R_k) of each part, [1, P, N] and [T, P, N] with the same number in all rows; the return if it has one part."""
    if rollout.parts is None or rollout.part_weights is None:
        return [(torch.ones_like(q[:1]), q[:1].expand_as(q))]
    ahead = (rollout.discount * rollout.continues)[..., None]
    returns = backward_sum(rollout.parts * rollout.valid[..., None], ahead)[:1]
    weights = rollout.part_weights[:1]
    return [(weights[..., k], returns[..., k].expand_as(q)) for k in range(returns.shape[-1])]

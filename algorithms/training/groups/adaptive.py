"""Adaptive sampling: a prompt is played in rounds until it has enough right and wrong answers, and a balanced group is kept.

Source: Xiong et al. (2025), Reinforce-Ada, arXiv 2510.04996, the "balanced" choice of the authors' code
(`_generate_multi_round_adaptive_downsampling`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.estimators.rollout import Rollout, select


class Choice(NamedTuple):
    """Of the M episodes of each prompt: the G that are kept [..., G], in order of play; how many were played [...]."""

    kept: Tensor
    played: Tensor


def choose(right: Tensor, group: int) -> Choice:
    """The balanced group of each prompt, from whether its episodes would be right [..., M], M a multiple of G.

    A round is G episodes. The last round is the first after which G // 2 are right and G - G // 2 wrong, or there is no
    further one. Of each kind the first are kept; where one kind has too few, the other fills the group.
    """
    count = right.shape[-1]
    wrong = ~right
    wanted_right, wanted_wrong = group // 2, group - group // 2
    ends = torch.arange(group - 1, count, group, device=right.device)
    rights, wrongs = right.cumsum(-1), wrong.cumsum(-1)
    enough = (rights[..., ends] >= wanted_right) & (wrongs[..., ends] >= wanted_wrong)
    enough[..., -1] = True
    played = (enough.long().argmax(-1) + 1) * group
    seen = torch.arange(count, device=right.device) < played[..., None]
    found_right, found_wrong = ((x & seen).sum(-1, keepdim=True) for x in (right, wrong))
    keep_right = torch.maximum(found_right.clamp(max=wanted_right), group - found_wrong)
    keep_right = torch.minimum(keep_right, found_right)
    keep = seen & torch.where(right, rights <= keep_right, wrongs <= group - keep_right)
    kept = (~keep).long().argsort(dim=-1, stable=True)[..., :group]
    return Choice(kept, played)


def adaptive_groups(rollout: Rollout, returns: Tensor, group: int, middle: float) -> tuple[Rollout, Tensor]:
    """(the balanced groups of a rollout whose groups hold all rounds, the steps [P] of the rounds that were needed).

    returns  [P, N M / G] of all episodes; rollout.pool_return is their mean over the rounds that were needed
    middle   an episode is right if its rewards sum to more
    """
    pool = rollout.group
    paid = (rollout.reward * rollout.valid).sum(0).reshape(len(returns), -1, pool)  # [P, X, M]
    choice = choose(paid > middle, group)
    seen = torch.arange(pool, device=paid.device) < choice.played[..., None]
    spent = (rollout.valid * seen.flatten(1)).sum((0, 2))
    mean = (returns.view_as(paid) * seen).sum(-1) / choice.played  # [P, X]
    starts = torch.arange(0, paid[0].numel(), pool, device=paid.device)[:, None]
    columns = (choice.kept + starts).flatten(1)  # [P, N]
    picked = {name: select(x, columns) for name, x in rollout.tensors().items()}
    pools = mean.repeat_interleave(group, 1).expand_as(picked["valid"])
    return replace(rollout, **picked, pool_return=pools, group=group), spent

"""The critic's values of a rollout, and those that the first loss on it reads again."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.rollout import (
    Columns,
    Rollout,
    flat_rows,
    group_by_length,
    padded_columns,
    select,
    valid_columns,
)
from algorithms.policies.actor_critic import ActorCritic


def values_of(
    policy: ActorCritic, rollout: Rollout, compact: bool, learns_at_once: bool
) -> tuple[Tensor | None, Tensor | None]:
    """(V [T+1, P, N] if there is a critic, V of the rows to learn from with its gradient if that costs nothing).

    learns_at_once  whether the first loss is that of all valid rows
    """
    if policy.critic is None:
        return None, None
    if policy.ragged and learns_at_once and not compact:
        return values_to_learn_from(policy, rollout)
    return critic_values(policy, rollout, compact), None


@torch.no_grad()
def critic_values(policy: ActorCritic, rollout: Rollout, compact: bool) -> Tensor:
    """V [T+1, P, N], computed only for the observations of valid rows and those after them.

    compact  whether members with few rows are not padded to the longest
    """
    steps = len(rollout.valid)
    if policy.reads_text:
        return policy.values(rollout.obs, steps + 1)
    needed = _with_next_rows(rollout.valid)
    ragged = valid_columns(needed)
    columns = padded_columns(ragged, needed.device)
    rows = select(flat_rows(rollout.obs), columns.positions)
    if compact:
        found = policy.flat.values.new_zeros(columns.keep.shape)
        lengths = np.array([len(c) for c in ragged])
        for places in group_by_length(lengths):
            longest = int(lengths[places].max())
            found[places, :longest] = policy.select_members(places).values(rows[:, places, :longest], 1)[0]
    else:
        found = policy.values(rows, 1, columns.lengths)[0]  # [P, M]
    return _placed(needed, [(columns, found)])


def values_to_learn_from(policy: ActorCritic, rollout: Rollout) -> tuple[Tensor, Tensor]:
    """(V [T+1, P, N] as in `critic_values`, V of the valid rows [1, P, M] with its gradient, for the first loss).

    Only for features that a network reads row by row: then both are the same numbers, computed once.
    """
    obs, valid = flat_rows(rollout.obs), rollout.valid
    rows = padded_columns(valid_columns(valid), valid.device)
    learned = policy.values(select(obs, rows.positions), 1, rows.lengths)
    needed = _with_next_rows(valid)
    needed[:-1] *= 1 - valid
    ends = padded_columns(valid_columns(needed), valid.device)
    with torch.no_grad():
        rest = policy.values(select(obs, ends.positions), 1, ends.lengths)
    return _placed(needed, [(rows, learned.detach()[0]), (ends, rest[0])]), learned


def _with_next_rows(valid: Tensor) -> Tensor:
    """[T+1, P, N], positive at valid rows [T, P, N] and those after them."""
    needed = torch.zeros_like(valid[:1]).repeat(len(valid) + 1, 1, 1)
    needed[:-1] += valid
    needed[1:] += valid
    return needed


def _placed(like: Tensor, parts: list[tuple[Columns, Tensor]]) -> Tensor:
    """Numbers [P, M] at their columns, as [T, P, N]; 0 elsewhere."""
    t, p, n = like.shape
    values = like.new_zeros(p, t * n, dtype=parts[0][1].dtype)
    for columns, found in parts:
        values.scatter_add_(1, columns.positions, found * columns.keep)
    return values.reshape(p, t, n).transpose(0, 1)

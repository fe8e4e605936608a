"""The rollout of a population, and the rows on which a loss is computed.

Axes: T time, P members of the population, N environments of a member, then features. See docs/notation.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

PartState = dict[str, Tensor]  # the state of a baseline, a bonus or an optimiser between rollouts


@dataclass(frozen=True)
class Rollout:
    """T rows of P x N environments; rows with `valid` 0 have no influence.

    obs          [T+1, P, N, F] features as normalised when acting, [T+1, P, N, C, H, W] images, or [L, P, N] tokens of whole
                 transcripts
    discount     gamma, 0 where s_{t+1} is terminal        continues  0 where the episode ended for any reason
    group        number of adjacent environments that are compared with each other (see Episodes)

    The last ten fields are set only if the task or the estimator needs them.
    """

    obs: Tensor
    action: Tensor  # [T, P, N] or [T, P, N, A]
    logp: Tensor  # [T, P, N] log-probability under the policy that acted
    reward: Tensor  # [T, P, N]
    discount: Tensor  # [T, P, N]
    continues: Tensor  # [T, P, N]
    valid: Tensor  # [T, P, N], 0 or 1
    action_mask: Tensor | None  # [T, P, N, V]
    group: int
    reference: Tensor | None = None  # [T, P, N] log-probability of the action under the task's reference policy
    score_norm_sq: Tensor | None = (
        None  # [T, P, N] |grad of log pi(a_t|s_t) in the head's inputs|^2 (Head.score_norm_sq)
    )
    greedy_return: Tensor | None = (
        None  # [T, P, N] return of the greedy policy from the same start, the same for every t
    )
    current_logp: Tensor | None = None  # [T, P, N] log-probability under the learning policy; None: the same as `logp`
    expected_return: Tensor | None = None  # [T, P, N] E[R(tau) | text before the action] under the policy that acted
    prefix: Tensor | None = (
        None  # [T, P, N] number of the text before the action (baselines.prefixes); [0]: of the prompt
    )
    teacher: Tensor | None = None  # [T, P, N] log-probability of the action under the teacher (kl_penalty.Teacher)
    parts: Tensor | None = None  # [T, P, N, K] the reward by part, without weights (PaysInParts); None: it has one part
    part_weights: Tensor | None = None  # [T, P, N, K] the weight of each part, the same everywhere
    pool_return: Tensor | None = None  # [T, P, N] mean return of all episodes played for the prompt; None: the group's

    @property
    def log_ratio(self) -> Tensor:
        """log pi(a_t|s_t) - log mu(a_t|s_t) of the learning policy and the acting policy [T, P, N]."""
        return torch.zeros_like(self.logp) if self.current_logp is None else self.current_logp - self.logp

    def to(self, device: str) -> Rollout:
        """The rollout on this device."""
        return replace(self, **{name: x.to(device) for name, x in self.tensors().items()})  # type: ignore[arg-type]

    def tensors(self) -> dict[str, Tensor]:
        """The fields that are tensors, by name."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in pairs if isinstance(value, Tensor)}


@dataclass(frozen=True)
class Batch:
    """The rows on which a loss is computed: single rows (T = 1) for features, whole episodes for transcripts.

    `weight` is 0 on rows without influence and includes the aggregation: losses are sums of weight times row.
    """

    obs: Tensor  # [1, P, M, F] or [L, P, N]
    action: Tensor  # [T, P, N, ...]
    logp: Tensor
    action_mask: Tensor | None
    advantage: Tensor
    target: Tensor | None
    weight: Tensor
    reference: Tensor | None = None
    values: Tensor | None = None  # V of the rows with its gradient, if it has been computed at these parameters
    lengths: tuple[int, ...] | None = None  # of each member only so many columns count, the first; None: all may

    def each(self, change: Callable[[Tensor], Tensor], lengths: tuple[int, ...] | None) -> Batch:
        """The batch of the changed tensors."""
        changed = {name: change(x) for name, x in vars(self).items() if isinstance(x, Tensor)}
        return replace(self, **changed, lengths=lengths)


class Columns(NamedTuple):
    """Some columns of each member: positions [P, M], filled with 0, keep [P, M], 0 where filled; see Batch for lengths."""

    positions: Tensor
    keep: Tensor
    lengths: tuple[int, ...]


def select(x: Tensor, index: Tensor) -> Tensor:
    """x [T, P, N, ...] at each member's columns index [P, M] -> [T, P, M, ...]."""
    members = torch.arange(x.shape[1], device=x.device)[:, None]
    if len(x) > 1:
        return x[:, members, index]
    rows = (index + x.shape[2] * members).flatten()  # one index is faster than two
    return x.flatten(0, 2).index_select(0, rows).view(1, *index.shape, *x.shape[3:])


def rounded_up(rows: int) -> int:
    """The next number in steps of an eighth at most, or of 64: members with about as many rows are computed together."""
    step = max(64, 1 << max(rows.bit_length() - 4, 0))
    return -(-rows // step) * step


def padded_columns(columns: list[np.ndarray], device: torch.device, single_rows: bool = True) -> Columns:
    """Ragged lists of columns, filled to the longest; numbers of single rows are rounded up."""
    lengths = tuple(rounded_up(len(c)) if single_rows else len(c) for c in columns)
    longest = max(1, *lengths)
    index = np.zeros((len(columns), longest), np.int64)
    keep = np.zeros((len(columns), longest), np.float32)
    for p, c in enumerate(columns):
        index[p, : len(c)], keep[p, : len(c)] = c, 1.0
    return Columns(torch.from_numpy(index).to(device), torch.from_numpy(keep).to(device), lengths)


def valid_columns(valid: Tensor) -> list[np.ndarray]:
    """For each member, the flat positions t N + n of its valid rows."""
    t, p, n = valid.shape
    flat = valid.transpose(0, 1).reshape(p, t * n).cpu().numpy() > 0
    return [np.flatnonzero(row) for row in flat]


def group_by_length(lengths: np.ndarray) -> list[np.ndarray]:
    """Indices of members with rows, in groups whose numbers of rows differ by a factor of at most 2."""
    order = np.argsort(-lengths, kind="stable")
    groups: list[list[int]] = []
    for place in order[lengths[order] > 0]:
        if not groups or 2 * lengths[place] < lengths[groups[-1][0]]:
            groups.append([])
        groups[-1].append(int(place))
    return [np.sort(group) for group in groups]


def select_members(batch: Batch, indices: np.ndarray, rows: int) -> Batch:
    """The batch of the members at these indices, with their first `rows` columns."""
    return batch.each(lambda x: x[:, indices, :rows], None)


def flat_rows(x: Tensor) -> Tensor:
    """[T, P, N, ...] -> [1, P, T N, ...]"""
    t, p, n = x.shape[:3]
    return x.transpose(0, 1).reshape(1, p, t * n, *x.shape[3:])


def columns_of(batch: Batch, columns: Columns) -> Batch:
    """The batch at these columns; filled columns have weight 0."""
    picked = batch.each(lambda x: select(x, columns.positions), columns.lengths)
    return replace(picked, weight=picked.weight * columns.keep)

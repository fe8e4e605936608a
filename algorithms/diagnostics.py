"""Diagnostics of training: what every run notes beside its scores, averaged between two checkpoints.

gradient_norm       |g| before clipping, over all parameters
entropy_share       -log pi(a) of the actions taken over the log of the number of legal ones (discrete actions)
approximate_kl      mean of rho - 1 - log rho (k3): how far the policy has left the one that acted
clipped_up          share of the rows with A > 0 whose ratio is above the surrogate's bounds
clipped_down        share of the rows with A < 0 whose ratio is below them
explained_variance  1 - Var(target - V) / Var(target) of the critic, before it learns from the rollout
equal_groups        share of the groups (texts of one prompt) whose returns are all equal: nothing to learn from
length_right        actions of the texts whose return is better than halfway from J0 to J*
length_wrong        actions of the others
gradient_cosine     of the first step's gradient to the exact one, at the checkpoint, where the task can be listed
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from algorithms.types import Bounds, Rollout

SAME = 1e-6  # returns that differ by less are equal
NAMES = (
    "gradient_norm",
    "entropy_share",
    "approximate_kl",
    "clipped_up",
    "clipped_down",
    "explained_variance",
    "equal_groups",
    "length_right",
    "length_wrong",
    "gradient_cosine",
)


class Diagnostics:
    """Sums and weights of each diagnostic, a column a member: [2, len(NAMES), P]."""

    def __init__(self, members: int, device: str | torch.device = "cpu") -> None:
        self.table = torch.zeros(2, len(NAMES), members, dtype=torch.float64, device=device)

    def add(self, name: str, value: Tensor, weight: Tensor | None = None) -> None:
        """One reading [P], where `weight` [P] is not 0; what is not finite is not a reading."""
        weight = torch.ones_like(value) if weight is None else weight
        weight = torch.where(value.isfinite(), weight, 0.0)
        row = NAMES.index(name)
        self.table[0, row] += torch.where(weight > 0, value * weight, 0.0)
        self.table[1, row] += weight

    def means(self) -> dict[str, np.ndarray]:
        """The mean of each diagnostic that anybody has, [P]; NaN for members without a reading."""
        total, weight = self.table.cpu().numpy()
        with np.errstate(invalid="ignore"):
            mean = np.where(weight > 0, total / weight, np.nan)
        return {name: row for name, row in zip(NAMES, mean, strict=True) if not np.isnan(row).all()}

    def clear(self, members: np.ndarray) -> None:
        """Forget the readings of these members (mask [P])."""
        self.table[:, :, torch.from_numpy(members).to(self.table.device)] = 0.0


def log_choices(rollout: Rollout, actions: int) -> Tensor:
    """log of the number of legal actions: the largest entropy, [T, P, N] or a number in a tensor."""
    if rollout.action_mask is None:
        return torch.log(torch.tensor(float(actions), device=rollout.valid.device))
    return rollout.action_mask.sum(-1).clamp(min=1).to(rollout.valid.dtype).log()


def entropy_share(rollout: Rollout, actions: int) -> Tensor:
    """sum -log pi(a_t) over sum log(legal actions), over a member's valid rows [P]."""
    largest = (log_choices(rollout, actions) * rollout.valid).sum((0, 2))
    return -(rollout.logp * rollout.valid).sum((0, 2)) / largest.clamp(min=1e-8)


def of_texts(rollout: Rollout, right: float) -> Mapping[str, tuple[Tensor, Tensor]]:
    """(value, weight) of equal_groups, length_right and length_wrong; `right`: the return above which a text is right."""
    returns = (rollout.reward * rollout.valid).sum(0)  # [P, N]
    began = rollout.valid[0]
    length = rollout.valid.sum(0)
    good, bad = ((returns > right) * began, (returns <= right) * began)
    found = {
        name: ((length * of).sum(1) / of.sum(1).clamp(min=1), of.sum(1))
        for name, of in (("length_right", good), ("length_wrong", bad))
    }
    if rollout.group > 1:
        grouped = returns.reshape(len(returns), -1, rollout.group)
        equal = (grouped.amax(-1) - grouped.amin(-1) <= SAME).to(returns.dtype)
        found["equal_groups"] = equal.mean(1), began.amax(1)
    return found


def of_ratio(log_ratio: Tensor, advantage: Tensor, valid: Tensor, bounds: Bounds | None) -> Mapping[str, Tensor]:
    """approximate_kl [P] and, with bounds, the clipped shares [P]; `valid` is 0 or 1."""
    ratio = log_ratio.exp()
    found = {"approximate_kl": ((ratio - 1 - log_ratio) * valid).sum((0, 2)) / valid.sum((0, 2)).clamp(min=1)}
    if bounds is not None:
        low, high = bounds
        for name, side, out in (
            ("clipped_up", advantage > 0, ratio > high),
            ("clipped_down", advantage < 0, ratio < low),
        ):
            of = side * valid
            found[name] = (out * of).sum((0, 2)) / of.sum((0, 2)).clamp(min=1)
    return found


def explained_variance(values: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """1 - Var(target - V) / Var(target) over a member's valid rows [P]; NaN where the target does not vary."""

    def variance(x: Tensor) -> Tensor:
        count = valid.sum((0, 2)).clamp(min=1)
        mean = (x * valid).sum((0, 2)) / count
        return (((x - mean[:, None]) ** 2) * valid).sum((0, 2)) / count

    of_target = variance(target)
    return torch.where(of_target > 1e-12, 1 - variance(target - values) / of_target, torch.nan)

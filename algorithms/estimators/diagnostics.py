"""Diagnostics of training, which every run records with its scores, averaged between two checkpoints.

gradient_norm       |g| before clipping, over all parameters
gradient_variance   trace of the sample covariance of the updates' gradients, over the actor's parameters (`spread`)
gradient_snr        |mean gradient|^2 minus its noise, over that variance
entropy_share       -log pi(a) of the actions taken over the log of the number of legal ones (discrete actions)
approximate_kl      mean of rho - 1 - log rho (k3): distance of the policy from the one that acted
effective_sample_size  (sum rho)^2 / (n sum rho^2): effective share of the rows under these weights (Kish 1965)
clipped_up          share of the rows with A > 0 whose ratio is above the surrogate's bounds
clipped_down        share of the rows with A < 0 whose ratio is below them
lag                 updates between acting and learning, if actors lag behind (algorithms.staleness.clock)
explained_variance  1 - Var(target - V) / Var(target) of the critic, before it learns from the rollout
equal_groups        share of the groups (texts of one prompt) whose returns are all equal, so A is 0
length_right        mean number of actions in texts whose return is above (J0 + J*) / 2; where J* is unknown, in texts that
                    have an end rather than being cut
length_wrong        mean number of actions in the other texts
gradient_cosine     cosine of the first step's gradient to the exact one, at the checkpoint, on enumerable tasks
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from algorithms.estimators.estimator import Assessment, Bounds, Signals
from algorithms.estimators.rollout import Rollout
from algorithms.policies.distributions import Categorical, Head

SAME = 1e-6  # returns that differ by less count as equal
STILL = 1e-12  # gradients count as constant if their variance is a smaller share of their mean square
NAMES = (
    "gradient_norm",
    "gradient_variance",
    "gradient_snr",
    "entropy_share",
    "approximate_kl",
    "effective_sample_size",
    "clipped_up",
    "clipped_down",
    "explained_variance",
    "equal_groups",
    "length_right",
    "length_wrong",
    "gradient_cosine",
    "lag",
)
DESCRIPTIONS = {  # for the panels of a figure
    "gradient_norm": "gradient norm",
    "gradient_variance": "gradient variance",
    "gradient_snr": "signal-to-noise ratio",
    "entropy_share": "entropy, share of most",
    "approximate_kl": "KL to actor, nats",
    "effective_sample_size": "effective sample share",
    "clipped_up": "share clipped above",
    "clipped_down": "share clipped below",
    "explained_variance": "explained variance",
    "equal_groups": "share of equal groups",
    "length_right": "actions, good texts",
    "length_wrong": "actions, poor texts",
    "gradient_cosine": "cosine to exact gradient",
    "lag": "lag, updates",
}


class Diagnostics:
    """Sums and weights of each diagnostic, one column per member: [2, len(NAMES), P]; for gradients the sums [P, D]."""

    MEMBER_AXES: ClassVar[dict[str, int | None]] = {"table": 2, "gradients": 0, "norm_sq": 1}  # of `tensors()`

    def __init__(self, members: int, device: str | torch.device = "cpu", width: int = 0) -> None:
        """`width`: D of the gradients whose variance is measured."""
        zeros = functools.partial(torch.zeros, dtype=torch.float64, device=device)
        self.table = zeros(2, len(NAMES), members)
        self.gradients = zeros(members, width)
        self.norm_sq = zeros(2, members)  # the sum of |g|^2, and the number of gradients

    def add(self, name: str, value: Tensor, weight: Tensor | None = None) -> None:
        """Add one reading [P] if `weight` [P] is not 0; readings that are not finite are ignored."""
        self.add_all({name: value}, torch.ones_like(value) if weight is None else weight)

    def add_all(self, readings: Mapping[str, Tensor], weight: Tensor) -> None:
        """Add several readings, each as `add`; their weights are [P], or [K, P] for one each."""
        value = torch.stack([*readings.values()])
        weight = torch.where(value.isfinite(), weight, 0.0)
        read = torch.stack([torch.where(weight > 0, value * weight, 0.0), weight])
        self.table.index_add_(1, _rows(tuple(readings), self.table.device), read.to(self.table.dtype))

    def add_gradient(self, gradient: Tensor, part: Tensor) -> None:
        """Add an update's gradient [P, D] for the members that took part [P], if it is finite."""
        g = gradient.to(self.gradients.dtype)
        square = torch.linalg.vector_norm(g, dim=1).square()
        read = square.isfinite() & (part > 0)
        self.gradients += g if bool(read.all()) else torch.where(read[:, None], g, 0.0)
        self.norm_sq += torch.where(read, torch.stack([square, torch.ones_like(square)]), 0.0)

    def add_step(self, gradient: Tensor, actor: slice, part: Tensor, first: bool, exact: Tensor | None) -> None:
        """Add the gradient of the loss [P, D] of one step; `actor` are the actor's columns.

        first  whether it is the first step on its rollout      exact  grad J [P, D] to compare the first step with
        """
        self.add("gradient_norm", gradient.norm(dim=1), part)
        if first:
            self.add_gradient(gradient[:, actor], part)
            if exact is not None:
                self.add("gradient_cosine", functional.cosine_similarity(-gradient[:, actor], exact[:, actor]), part)

    def add_rollout(
        self, rollout: Rollout, signals: Signals, assessment: Assessment, head: Head, right: Tensor | None
    ) -> None:
        """Add the readings of a rollout before its update; of texts also `text_diagnostics`."""
        began = rollout.valid.amax((0, 2))  # which members took part [P]
        found: dict[str, Tensor] = {}
        if isinstance(head, Categorical):
            found["entropy_share"] = entropy_share(rollout, head.outputs)
        if signals.values is not None and assessment.target is not None:
            values = signals.values[: len(rollout.valid)]
            found["explained_variance"] = explained_variance(values, assessment.target, rollout.valid)
        if rollout.current_logp is not None:  # distance of the data from the policy, before its steps on them
            found |= ratio_diagnostics(rollout.log_ratio, assessment.advantage, rollout.valid, None)
        if found:
            self.add_all(found, began)
        if right is not None:
            of_texts = text_diagnostics(rollout, right)
            weights = torch.stack([weight for _, weight in of_texts.values()])
            self.add_all({name: value for name, (value, _) in of_texts.items()}, weights)

    def means(self) -> dict[str, np.ndarray]:
        """The mean [P] of each diagnostic with at least one reading; NaN for members without one."""
        total, weight = self.table.cpu().numpy()
        with np.errstate(invalid="ignore"):
            mean = np.where(weight > 0, total / weight, np.nan)
        found = dict(zip(NAMES, mean, strict=True)) | gradient_spread(self.gradients, *self.norm_sq)
        return {name: row for name, row in found.items() if not np.isnan(row).all()}

    def clear(self, members: np.ndarray) -> None:
        """Delete the readings of these members (mask [P])."""
        gone = torch.from_numpy(members).to(self.table.device)
        self.table[:, :, gone] = 0.0
        self.gradients[gone] = 0.0
        self.norm_sq[:, gone] = 0.0

    def tensors(self) -> dict[str, Tensor]:
        """The state that a resume needs, by name."""
        return {"table": self.table, "gradients": self.gradients, "norm_sq": self.norm_sq}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from `tensors()`."""
        self.table, self.gradients, self.norm_sq = (tensors[name] for name in self.tensors())


def gradient_spread(total: Tensor, square: Tensor, count: Tensor) -> dict[str, np.ndarray]:
    """Variance and SNR of n gradients, from sum g [P, D], sum |g|^2 [P] and n [P]; NaN for members with fewer than 2.

        variance = n / (n - 1) (mean |g|^2 - |mean g|^2)    snr = max(0, |mean g|^2 - variance / n) / variance

    |mean g|^2 exceeds |E g|^2 by variance / n on average; 1 / snr is the simple noise scale in rollouts (McCandlish et
    al. 2018, section 2.2). The gradients are those of successive updates, so the variance includes the drift of g as
    the policy changes. `algorithms.conformance.gradient_quality` measures it at one policy.
    """
    n = torch.where(count >= 2, count, torch.nan)
    mean_square = square / n
    of_mean = (total / n[:, None]).square().sum(1)
    variance = ((mean_square - of_mean) * n / (n - 1)).clamp(min=0)
    signal = (of_mean - variance / n).clamp(min=0)
    snr = torch.where(variance > STILL * mean_square, signal / variance, torch.nan)
    return {"gradient_variance": variance.cpu().numpy(), "gradient_snr": snr.cpu().numpy()}


def log_legal_actions(rollout: Rollout, actions: int) -> Tensor:
    """log of the number of legal actions, the largest entropy: [T, P, N] or a scalar tensor."""
    if rollout.action_mask is None:
        return torch.log(torch.tensor(float(actions), device=rollout.valid.device))
    return rollout.action_mask.sum(-1).clamp(min=1).to(rollout.valid.dtype).log()


def entropy_share(rollout: Rollout, actions: int) -> Tensor:
    """sum -log pi(a_t) over sum log(legal actions), over a member's valid rows [P]."""
    largest = (log_legal_actions(rollout, actions) * rollout.valid).sum((0, 2))
    return -(rollout.logp * rollout.valid).sum((0, 2)) / largest.clamp(min=1e-8)


def text_diagnostics(rollout: Rollout, right: Tensor) -> Mapping[str, tuple[Tensor, Tensor]]:
    """(value, weight) of equal_groups, length_right and length_wrong.

    right [P, N]  1 for a right text, 0 for a wrong one, NaN where it is unknown
    """
    returns = (rollout.reward * rollout.valid).sum(0)  # [P, N]
    began = rollout.valid[0]
    length = rollout.valid.sum(0)
    good, bad = ((right == 1) * began, (right == 0) * began)
    found = {
        name: ((length * of).sum(1) / of.sum(1).clamp(min=1), of.sum(1))
        for name, of in (("length_right", good), ("length_wrong", bad))
    }
    if rollout.group > 1:
        grouped = returns.reshape(len(returns), -1, rollout.group)
        equal = (grouped.amax(-1) - grouped.amin(-1) <= SAME).to(returns.dtype)
        found["equal_groups"] = equal.mean(1), began.amax(1)
    return found


def ratio_diagnostics(
    log_ratio: Tensor, advantage: Tensor, valid: Tensor, bounds: Bounds | None
) -> Mapping[str, Tensor]:
    """approximate_kl, effective_sample_size and, with bounds, the clipped shares, [P] each; `valid` is 0 or 1."""
    ratio = log_ratio.exp()
    found = {
        "approximate_kl": ((ratio - 1 - log_ratio) * valid).sum((0, 2)) / valid.sum((0, 2)).clamp(min=1),
        "effective_sample_size": effective_sample_size(log_ratio, valid),
    }
    if bounds is not None:
        low, high = bounds
        for name, side, out in (
            ("clipped_up", advantage > 0, ratio > high),
            ("clipped_down", advantage < 0, ratio < low),
        ):
            of = side * valid
            found[name] = (out * of).sum((0, 2)) / of.sum((0, 2)).clamp(min=1)
    return found


def effective_sample_size(log_ratio: Tensor, valid: Tensor) -> Tensor:
    """(sum rho)^2 / (n sum rho^2) over a member's n valid rows, in (0, 1] (Kish 1965): [P]; NaN if n is 0."""
    rows = torch.where(valid > 0, log_ratio, -torch.inf)
    ratio = (rows - rows.amax((0, 2), keepdim=True)).exp()  # the largest is 1, so nothing overflows; the scale cancels
    return ratio.sum((0, 2)).square() / (valid.sum((0, 2)) * ratio.square().sum((0, 2)))


def explained_variance(values: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """1 - Var(target - V) / Var(target) over a member's valid rows [P]; NaN if the target is constant."""

    def variance(x: Tensor) -> Tensor:
        count = valid.sum((0, 2)).clamp(min=1)
        mean = (x * valid).sum((0, 2)) / count
        return (((x - mean[:, None]) ** 2) * valid).sum((0, 2)) / count

    of_target = variance(target)
    return torch.where(of_target > 1e-12, 1 - variance(target - values) / of_target, torch.nan)


@functools.cache
def _rows(names: tuple[str, ...], device: torch.device) -> Tensor:
    """The rows of these diagnostics in the table."""
    return torch.tensor([NAMES.index(name) for name in names], device=device)

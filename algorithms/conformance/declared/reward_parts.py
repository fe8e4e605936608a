"""Rules for a scale that says that it reads the parts of a reward: each counts by itself, and by its weight.

With z_k = (R_k - mean R_k) / std R_k in each group, A' = u sum_k w_k z_k for one u > 0 in each member. A scale that adds the
parts first fails: z of a sum is no sum of the z_k, and groups with different combinations of rewards get one advantage.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from algorithms.conformance.coefficients import assess_rollout
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import synthetic_rollout
from algorithms.estimators.advantage_scale import reads_parts
from algorithms.estimators.estimator import AdvantageScale, Estimator
from algorithms.estimators.rollout import Rollout

CLOSE = 1e-6
NEAR = 0.1  # a unit that is this close to a common one, and not equal to it, is a mistake
APART = "the parts of a reward are standardised apart"
WEIGHED = "the parts of a reward count by their weights"
UNIT = "the sum of the parts has a common unit"


def examine(estimator: Estimator, scale: AdvantageScale) -> list[Finding]:
    """The findings of all rules on a reward of two parts; none for a scale that reads no parts."""
    if not reads_parts(scale):
        return []
    rollout, values = synthetic_rollout()
    made, _ = assess_rollout(replace(estimator, scale=None, correction=None), rollout, values)
    with torch.no_grad():
        q = estimator.credit(rollout, values if estimator.baseline.critic else None)
        scaled = scale(made.advantage, q, rollout)
    z, weights = standardised(rollout)
    share = torch.linalg.lstsq(z, scaled[0][..., None]).solution[..., 0]  # [P, K]
    off = (scaled - (z @ share[..., None])[..., 0]) * rollout.valid
    per_weight = share / weights
    unit = per_weight.mean(-1)  # [P]
    holds = bool((per_weight > 0).all()) and float((per_weight / unit[:, None] - 1).abs().max()) < CLOSE
    seen = ", ".join(f"{x:.4g}" for x in per_weight[0].tolist())
    spread = (z @ weights[..., None])[..., 0].std(-1, correction=0)
    sizes = [float((unit * u - 1).abs().max()) for u in (torch.ones_like(unit), spread)]
    return [
        close_to_zero(APART, off, CLOSE, "sum_k u_k (R_k - mean R_k) / std R_k in every group"),
        Finding(WEIGHED, holds, f"expected one positive factor of all weights; seen {seen}"),
        Finding(
            UNIT,
            min(sizes) < CLOSE or min(sizes) > NEAR,
            f"expected 1 or the batch's deviation; seen it off by {min(sizes):.2g}",
        ),
    ]


def standardised(rollout: Rollout) -> tuple[Tensor, Tensor]:
    """(z [P, N, K] of whole episodes, undiscounted; the weights [P, K])."""
    parts, weights = rollout.parts, rollout.part_weights
    assert parts is not None
    assert weights is not None
    returns = (parts * rollout.valid[..., None]).sum(0)  # [P, N, K]
    grouped = returns.reshape(len(returns), -1, rollout.group, returns.shape[-1])
    z = (grouped - grouped.mean(2, keepdim=True)) / grouped.std(2, correction=0, keepdim=True)
    return z.flatten(1, 2), weights[0, :, 0]

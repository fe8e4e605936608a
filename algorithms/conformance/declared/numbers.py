"""Conformance rules for the numbers of a scale: small rewards, rounding of equal returns, returns below zero.

A division by a deviation is exact only as long as nothing is added under its root. A variance that is computed as a mean
of squares minus a squared mean leaves a residue of rounding where all returns are equal.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from algorithms.conformance.coefficients import assess_rollout, coefficients
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import GROUP, synthetic_rollout, with_returns, with_tensors
from algorithms.estimators.estimator import AdvantageScale, Estimator

SMALL = 1e-4  # a factor on the rewards
CLOSE = 1e-3  # an epsilon of 1e-8 that is added to a deviation of about SMALL is no mistake
LEVELS = (0.95, 0.35, 0.4, 0.3, 0.7)  # none has an exact binary form
MOST = 100.0  # times the largest advantage


def examine(estimator: Estimator, scale_free: bool) -> list[Finding]:
    """The findings of all rules; none without a scale of whole rollouts."""
    scale = estimator.scale
    if scale is None or scale.each_minibatch:
        return []
    findings = [_rounding(replace(estimator, correction=None)), _reversed(estimator, scale)]
    if scale_free and not getattr(scale, "eps", 0.0) and not getattr(scale, "least", 0.0):
        findings.append(_small(estimator))
    return findings


def _small(estimator: Estimator) -> Finding:
    """What promises to be free of the rewards' unit is so for small rewards too."""
    rollout, values = synthetic_rollout()
    small = replace(with_returns(rollout, SMALL), reward=SMALL * rollout.reward)
    base, made = coefficients(estimator, rollout, values), coefficients(estimator, small, SMALL * values)
    on = rollout.valid > 0
    off = (made - base)[on] / base[on].abs().max()
    return close_to_zero(f"rewards and values times {SMALL:g}", off, CLOSE, "the same coefficients")


def _rounding(estimator: Estimator) -> Finding:
    """In float32, groups in which all returns but one are equal: no advantage is enlarged by what rounding leaves."""
    rollout, values = synthetic_rollout()
    first = torch.zeros_like(rollout.valid)
    first[0] = 1.0
    worst = 0.0
    for level in LEVELS:
        paid = torch.full_like(rollout.valid, level)
        paid[:, :, ::GROUP] = 0.0
        none = torch.zeros_like(first)
        single = replace(rollout, reward=paid * first, valid=first, continues=none, discount=none)
        tensors = {name: x.float() if x.is_floating_point() else x for name, x in single.tensors().items()}
        made, _ = assess_rollout(estimator, with_tensors(single, tensors), values.float())
        size = float(made.unscaled.abs().max())
        worst = max(worst, float(made.advantage.abs().max()) / max(size, 1e-6))
    detail = f"expected advantages enlarged by less than {MOST:g} where all other returns are equal; seen {worst:.3g}"
    return Finding("a scale does not enlarge rounding", worst < MOST, detail)


def _reversed(estimator: Estimator, scale: AdvantageScale) -> Finding:
    """A scale that keeps the signs of advantages keeps them where all returns are below zero."""
    rollout, values = synthetic_rollout()
    with torch.no_grad():
        made, _ = assess_rollout(replace(estimator, scale=None, correction=None), rollout, values)
        q = estimator.credit(rollout, values if estimator.baseline.critic else None)
        a, on = made.advantage, rollout.valid > 0

        def against(returns: Tensor) -> float:
            return float((scale(a, returns, rollout) * a)[on].min())

        level = q.abs().max() + 1
        keeps, below = against(q + level) >= 0, against(q - level)
    detail = f"expected the signs of A at any level of the returns; seen a least product of {below:.3g}"
    return Finding("a scale reverses nothing where returns are negative", not keeps or below >= 0, detail)

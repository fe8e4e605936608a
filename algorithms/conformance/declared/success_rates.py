"""Factors of success rates: E[g] = w(p) grad p for rewards of 0 or 1, one prompt and groups of G, in closed form and listed.

    success     w = E sqrt(K (G-K)) / (G p (1-p))     a division by the group's deviation (GRPO)
    likelihood  w = (1 - (1-p)^(G-1)) / p             a division by the group's mean (MaxRL): order G - 1, and not G
    best_of_k   w = k (1-p)^(k-1)                     what an episode adds to the best of k (PKPO)
    signed      w = 1 + lambda                        rewards of lambda and -1 (W-REINFORCE)

K ~ Bin(G, p) is the number of successes of a group.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
import torch

from algorithms.conformance.coefficients import coefficients
from algorithms.conformance.finding import Finding
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout

LARGEST_GROUP = 16
RATES = (0.02, 0.1, 0.3, 0.5, 0.8, 0.99)
CLOSE = 1e-10


def success_factor(group: int, p: float, ddof: int = 0) -> float:
    """w_G(p) = E[sqrt(k (G - k))] / (G p (1 - p)), k ~ Bin(G, p): the factor that a division by the group's deviation
    puts on grad J.

    Groups without variance contribute 0. With ddof 1 the deviation is larger by sqrt(G / (G - 1)).
    """
    k = np.arange(group + 1)
    logs = np.concatenate([[0.0], np.log(np.arange(1, group + 1)).cumsum()])
    chance = np.exp(logs[group] - logs[k] - logs[group - k] + k * np.log(p) + (group - k) * np.log1p(-p))
    factor = float((chance * np.sqrt(k * (group - k))).sum() / (group * p * (1 - p)))
    return factor * ((group - ddof) / group) ** 0.5


def likelihood_factor(group: int, p: float) -> float:
    """(1 - (1-p)^(G-1)) / p: the derivative of log p's series in 1 - p, cut after G - 1 terms."""
    return float(-np.expm1((group - 1) * np.log1p(-p)) / p)


def best_of_k_factor(k: int, p: float) -> float:
    """k (1-p)^(k-1), the derivative of pass@k = 1 - (1-p)^k."""
    return k * (1 - p) ** (k - 1)


def _number(value: Any) -> float:
    return float(torch.as_tensor(value, dtype=torch.float64).reshape(-1)[0])


def _of_deviation(estimator: Estimator, group: int, p: float) -> float:
    return success_factor(group, p, estimator.scale.ddof if isinstance(estimator.scale, Deviation) else 0)


FACTORS: dict[str, Callable[[Estimator, int, float], float]] = {
    "success": _of_deviation,
    "likelihood": lambda estimator, group, p: likelihood_factor(group, p),
    "best_of_k": lambda estimator, group, p: best_of_k_factor(getattr(estimator.scale, "k", 1), p),
    "signed": lambda estimator, group, p: 1 + _number(getattr(estimator.scale, "weight", 1.0)),
}


def listed_factor(estimator: Estimator, group: int, p: float) -> float:
    """w(p) by listing K = 0..G: sum_K Bin(K; G, p) (K c_1 / p - (G-K) c_0 / (1-p)), with the estimator's coefficients c.

    E[grad log pi] is grad p / p of a success, and -grad p / (1-p) of a failure. Groups are members of one rollout.
    """
    successes = torch.arange(group + 1, dtype=torch.float64)
    right = (torch.arange(group) < successes[:, None]).double()  # [G+1, G]
    one = torch.ones(1, group + 1, group, dtype=torch.float64)
    rollout = Rollout(
        obs=torch.zeros(2, group + 1, group, 1, dtype=torch.float64),
        action=torch.zeros(1, group + 1, group, dtype=torch.long),
        logp=-one,
        reward=right[None],
        discount=0 * one,
        continues=0 * one,
        valid=one,
        action_mask=None,
        group=group,
        score_norm_sq=one,
        greedy_return=0 * one,
        expected_return=0 * one,
        prefix=torch.zeros(1, group + 1, group, dtype=torch.long),
    )
    c = coefficients(estimator, rollout, torch.zeros(2, group + 1, group, dtype=torch.float64), horizon=1)[0]
    binomial = [comb(group, k) * p**k * (1 - p) ** (group - k) for k in range(group + 1)]
    of_group = (c * right).sum(1) / p - (c * (1 - right)).sum(1) / (1 - p)
    return float((torch.tensor(binomial, dtype=torch.float64) * of_group).sum())


def examine(estimator: Estimator, factor: str) -> Finding:
    """The promised factor of every group of up to 16 and of several success rates, by listing."""
    rule = "its factor of the success rate is the promised one for every group"
    worst, where = 0.0, ""
    for group in range(1, LARGEST_GROUP + 1):
        for p in RATES:
            try:
                seen = listed_factor(estimator, group, p)
            except ValueError:  # a group too small to compare has no gradient
                break
            known = FACTORS[factor](estimator, group, p)
            eps = getattr(estimator.scale, "eps", 0.0)
            off = abs(seen - known) / max(known, 1e-12) - (3 * eps if eps < 0.02 else 0.0)
            if off > worst:
                worst, where = off, f" at G {group}, p {p:g}: {seen:.6g} for {known:.6g}"
    detail = f"expected the closed form; seen it to {worst:.2g}{where}"
    return Finding(rule, worst < CLOSE, detail)

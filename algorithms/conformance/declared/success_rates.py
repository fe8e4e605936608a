"""Factors of success rates: E[g] = w(p) grad p for rewards of 0 or 1, one prompt and groups of G, in closed form and listed.

    success     w = E sqrt(K (G-K)) / (G p (1-p))     a division by the group's deviation (GRPO)
    likelihood  w = (1 - (1-p)^(G-1)) / p             a division by the group's mean (MaxRL): order G - 1, and not G
    best_of_k   w = k (1-p)^(k-1)                     what an episode adds to the best of k (PKPO)
    signed      w = 1 + lambda                        rewards of lambda and -1 (W-REINFORCE)

K ~ Bin(G, p) is the number of successes of a group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from algorithms.conformance.exact.group_objective import group_weights, log_of_order, pass_at
from algorithms.conformance.finding import Finding
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.estimator import Estimator

LARGEST_GROUP = 16
RATES = (0.02, 0.1, 0.3, 0.5, 0.8, 0.99)
CLOSE = 1e-10
SMALL = 0.02  # a smaller epsilon, added to a deviation, counts as rounding


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


def _number(value: Any) -> float:
    return float(torch.as_tensor(value, dtype=torch.float64).reshape(-1)[0])


def _of_deviation(estimator: Estimator, group: int, p: float) -> float:
    return success_factor(group, p, estimator.scale.ddof if isinstance(estimator.scale, Deviation) else 0)


FACTORS: dict[str, Callable[[Estimator, int, float], float]] = {
    "success": _of_deviation,
    "likelihood": lambda estimator, group, p: float(log_of_order(group - 1, np.array(p))),
    "best_of_k": lambda estimator, group, p: float(pass_at(getattr(estimator.scale, "k", 1), np.array(p))),
    "signed": lambda estimator, group, p: 1 + _number(getattr(estimator.scale, "weight", 1.0)),
}


def listed_factor(estimator: Estimator, group: int, p: float) -> float:
    """w(p), from the weights that the estimator's own code gives to right and wrong answers of every group of this size."""
    return float(group_weights(estimator, group).factor(np.array([p]))[0])


def examine(estimator: Estimator, factor: str) -> Finding:
    """The promised factor of every group of up to 16 and of several success rates, by listing."""
    rule = "its factor of the success rate is the promised one for every group"
    eps = getattr(estimator.scale, "eps", 0.0)
    allowed = 3 * eps if eps < SMALL else 0.0
    worst, where = 0.0, ""
    for group in range(1, LARGEST_GROUP + 1):
        try:
            seen = group_weights(estimator, group).factor(np.array(RATES))
        except ValueError:  # a group too small to compare has no weights
            continue
        for w, p in zip(seen, RATES, strict=True):
            known = FACTORS[factor](estimator, group, p)
            off = abs(w - known) / max(known, 1e-12) - allowed
            if not off <= worst:
                worst, where = off, f" at G {group}, p {p:g}: {w:.6g} for {known:.6g}"
    detail = f"expected the closed form; seen it to {worst:.2g}{where}"
    return Finding(rule, worst < CLOSE, detail)

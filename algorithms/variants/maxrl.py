"""MaxRL: advantages over the group's mean reward, which ascends log p in place of p.

    A_i = (R_i - mean R) / |mean R|, 0 where the mean is 0,    E[g] = grad p (1 - (1-p)^(G-1)) / p    up to 1 / L_max

The factor is the derivative of log p = -sum_k (1-p)^k / k, cut after G - 1 terms: a prompt of success rate p weighs up to
G - 1 times as much where p is small. The group's mean includes the episode itself, which costs one term; without it there
are G. For rewards of 0 or 1.

Source: Tajwar et al. (2026), Maximum likelihood reinforcement learning, arXiv 2602.02710, algorithm 1.
"""

from algorithms.estimators.scales.success_rates import OverMean
from algorithms.variant import Promises
from algorithms.variants import dr_grpo

VARIANT = dr_grpo.VARIANT.rung(
    "maxrl",
    "over the group's mean R(tau): ascends log p, cut after G - 1 terms",
    promises=Promises(factor="likelihood", scale_free=True),
    scale=OverMean(),
    shown_as="MaxRL",
)

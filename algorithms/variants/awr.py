"""Advantage-weighted regression: actions are imitated, the more the better they were; nothing is pushed down.

    L = min(exp(A / beta), 20) log pi,    beta = 0.05

The weights are those of the best policy within a KL of the old one, fitted by maximum likelihood. An action of advantage
0 keeps weight 1, so the mean is not grad J. The source learns from a replay buffer; here each rollout is used once.

Source: Peng et al. (2019), Advantage-weighted regression, arXiv 1910.00177, algorithm 1 (beta 0.05, weights of at most
20).
"""

from algorithms.estimators.scales.exponential import Exponential
from algorithms.variant import Promises
from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "awr",
    "exponential weights of the advantage: imitation of what was good",
    promises=Promises(homogeneous=False),
    scale=Exponential(beta=0.05, cap=20.0),
    shown_as="AWR",
)

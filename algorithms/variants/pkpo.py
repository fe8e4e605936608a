"""PKPO: an episode is paid what it adds to the best of k, so pass@k is ascended and not pass@1.

    A_i = G / C(G, k) sum over I of k episodes that hold i of (max_I R - max_{I without i} R),    E[g] = grad E[max of k]

With rewards of 0 or 1 E[g] = k (1-p)^(k-1) grad p: prompts that are solved anyway weigh little, hard ones k times as
much. The group's other episodes are the baseline, and no advantage is negative.

Source: Walder and Karkhanis (2025), Pass@k policy optimization, arXiv 2505.15201, equation 33 (s^(loo-1)).
"""

from algorithms.estimators.scales.success_rates import BestOfK
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "pkpo",
    "pays what an episode adds to the best of 2",
    promises=Promises(factor="best_of_k", shift_invariant=True),
    scale=BestOfK(k=2),
    shown_as="PKPO",
)

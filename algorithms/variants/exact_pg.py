"""Exact policy gradient: ascent on grad J itself, computed over all episodes. A reference: learning without noise.

    grad J = grad sum_s p(s) prod_t pi(a_t | s_t) R(s)

On enumerable text tasks only. Each update is charged as many environment steps as a sampled rollout's worst case, so that
its curve lies on the same axis.

Source: ours; the sum is the definition of J.
"""

from dataclasses import replace

from algorithms.composition import ExactGradient
from algorithms.variants import reinforce

VARIANT = replace(
    reinforce.VARIANT,
    name="exact_pg",
    summary="ascent on the exact gradient (reference)",
    update=ExactGradient(),
    shown_as="Exact gradient",
)

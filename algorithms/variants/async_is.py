"""Asynchronous update, corrected: every action weighs by how much likelier it has become, at most twice.

    w_t = min(rho_t, 2),    rho_t = pi(a_t | s_t) / mu(a_t | s_t),    L = w_t A_t log pi(a_t | s_t)

The weight is a number for the gradient. The states stay mu's, so a bias is left, but the variance stays bounded: the product
of a whole episode's ratios would remove the one and lose the other.

Source: Ionides (2008), Truncated importance sampling, section 2; as applied to tokens by verl and TRL.
"""

from algorithms.estimators.importance_weights import TokenIS
from algorithms.variants import async_

VARIANT = async_.VARIANT.rung(
    "async_is",
    "rollouts 4 updates old, truncated importance weights",
    correction=TokenIS(cap=2.0),
    shown_as="Stale + token IS",
)

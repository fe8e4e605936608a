"""IcePop: stale actions weigh by their ratio, and those whose ratio has left a band are ignored.

    w_t = rho_t 1[0.2 <= rho_t <= 5],    rho_t = pi(a_t | s_t) / mu(a_t | s_t),    L = w_t A_t log pi(a_t | s_t)

The weight is a number for the gradient, taken when learning begins. Where `async_is` cuts a large ratio down, this drops
the action; a small ratio too. The band does not look at the sign of A, so it also stops steps that would come back.

Source: Ling Team (2025), Every step evolves, arXiv 2510.18855, section on IcePop. Bands differ: verl 0.9 has 0.5 to 5; TRL
1.16 (`token_mask`) has 3 above and none below. This one is as wide on both sides, in logarithms.
"""

from algorithms.estimators.importance_weights import TokenBand
from algorithms.variants import async_

VARIANT = async_.VARIANT.rung(
    "icepop",
    "rollouts 4 updates old; ratios weigh within a band, and outside it the action is ignored",
    correction=TokenBand(low=0.2, high=5.0),
    shown_as="IcePop",
)

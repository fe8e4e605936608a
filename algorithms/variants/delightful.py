"""Delightful policy gradient: rare failures lose their weight, rare successes keep it.

    g = 1/N sum_i sum_t sigmoid(-A_i log pi(a_it | s_it) / eta) A_i grad log pi(a_it | s_it),    eta = 1

A times the surprisal -log pi is the "delight". A failure that was unlikely anyway has a large negative one and is gated
off. The gate reads the action, so the mean is no multiple of grad J: the source claims a better direction for it.

Source: Osband (2026), Delightful policy gradient, arXiv 2603.14608, section 2.
"""

from algorithms.estimators.scales.gates import Delight
from algorithms.variant import Promises
from algorithms.variants import rloo

VARIANT = rloo.VARIANT.rung(
    "delightful",
    "each action is gated by a sigmoid of advantage times surprisal",
    promises=Promises(shift_invariant=True, homogeneous=False),
    scale=Delight(eta=1.0),
    shown_as="Delightful PG",
)

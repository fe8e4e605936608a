"""TOPR: successes are imitated at full weight, failures only as far as the policy would still write them.

    L = sg(f) A log pi,    f = 1 where A >= 0, min(prod_t rho_t, 1) where A < 0

Off policy a failure in the data is pushed down forever, though it is long gone; the truncated ratio ends that. A success
is worth learning however rare it has become.

Source: Le Roux et al. (2025), Tapered off-policy REINFORCE, arXiv 2503.14286, section 3.
"""

from algorithms.estimators.surrogates.soft_weights import Tapered
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "topr",
    "full weight for successes, a truncated ratio of the text for failures",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=Tapered(),
    shown_as="TOPR",
)

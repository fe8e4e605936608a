"""The sign-blind probability mask (prime-rl's "IPO"): an action is dropped once its probability has moved, either way.

    L = m rho A,    m = 0 where |pi - mu| > 0.1, else 1

`dppo_tv` drops only steps that would move further; this also drops those that would come back. prime-rl adds 0.001 times
(log rho)^2, which is left out here. The name has nothing to do with identity preference optimisation.

Source: PrimeIntellect-ai/prime-rl, src/prime_rl/trainer/rl/loss.py (ipo_loss_fn, threshold 0.1).
"""

from algorithms.estimators.surrogate import Ratio
from algorithms.estimators.surrogates.masks import Masked, ProbabilityGap
from algorithms.variant import Promises
from algorithms.variants import dppo_tv

VARIANT = dppo_tv.VARIANT.rung(
    "ipo_mask",
    "drops actions whose probability has moved by 0.1, whatever the advantage's sign",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=Masked(Ratio(), ProbabilityGap(delta=0.1, directed=False)),
    shown_as="IPO mask",
)

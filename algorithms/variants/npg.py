"""The natural policy gradient within a trust region (TRPO): the step is measured by how far the policy moves.

    theta <- theta + sqrt(2 delta / x' F x) x,    F x = grad L,    F = E[ grad log pi grad log pi' ]

Ten conjugate gradient steps in place of an inverse, then the step is shortened by a fifth until the surrogate improves and
the mean KL to the old policy is at most delta = 0.01. The learning rate is the critic's alone.

Source: Kakade (2001), A natural policy gradient; Schulman et al. (2015), TRPO, equation 14 and appendix C.
"""

from algorithms.estimators.natural_gradient import Natural
from algorithms.estimators.surrogate import Ratio
from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "npg",
    "natural gradient, a KL of at most 0.01 a step, line search",
    needs={"surrogate": Ratio()},
    update=Natural(delta=0.01),
    shown_as="Natural gradient",
)

"""M2PO: tokens with the largest log-ratios are dropped until the mean of the squares of the rest is small.

    L = m rho A,    m = 0 on the rows of largest (log rho)^2, until mean (log rho)^2 <= 0.04 on the others

A bound on the batch in place of one on each token: while the batch as a whole is near, single tokens may be far. Squares
cannot cancel, as the log-ratios in a KL estimate do.

Source: Zheng et al. (2025), Prosperity before collapse, arXiv 2510.01161, section 4; as in AReaL,
areal/trainer/ppo/actor.py.
"""

from algorithms.estimators.surrogate import Ratio
from algorithms.estimators.surrogates.masks import Masked, SecondMoment
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "m2po",
    "no clip; drops the farthest tokens until the mean square of log rho is 0.04",
    promises=Promises(shift_invariant=True, scale_free=True, separable=False),
    surrogate=Masked(Ratio(), SecondMoment(bound=0.04)),
    shown_as="M2PO",
)

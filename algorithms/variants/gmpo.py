"""GMPO: the geometric mean of a text's ratios, each clipped in its logarithm before the mean is taken.

    L = 1/N sum_i exp(1/|y_i| sum_t c_it) A_i,    c = min(log rho, 0.4) where A > 0, max(log rho, -0.4) where A < 0

One token with a large ratio moves an arithmetic mean, and hardly a geometric one, so the bounds can be wide. `gspo` clips
the mean and drops whole texts; here a token that went too far stops alone.

Source: Zhao et al. (2025), Geometric-mean policy optimization, arXiv 2507.20673, section 4 (bounds of exp(-0.4) and
exp(0.4)).
"""

from algorithms.estimators.surrogates.text_ratios import GeometricMean
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "gmpo",
    "the geometric mean of a text's ratios, each clipped",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=GeometricMean(clip=0.4),
    shown_as="GMPO",
)

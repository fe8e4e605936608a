"""GSPO: one ratio a text, the geometric mean of its tokens' ratios, clipped within a few ten-thousandths.

    L = 1/N sum_i min(s_i A_i, clip(s_i, 1 - 3e-4, 1 + 4e-4) A_i),    s_i = (prod_t rho_it)^(1/|y_i|)

The unit of the reward, the text, becomes the unit of the correction: a text is kept or clipped as a whole.

Source: Zheng et al. (2025), Group sequence policy optimization, arXiv 2507.18071, equations 5 and 7.
"""

from algorithms.estimators.surrogate import GeometricRatio
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "gspo",
    "the ratio of whole texts, the geometric mean of their tokens'",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=GeometricRatio(),
    shown_as="GSPO",
)

"""GSPO-token: GSPO's ratio of the text, with a gradient of its own on each token.

    L = 1/N sum_i 1/|y_i| sum_t min(s_it A_it, clip(s_it) A_it),    s_it = sg(s_i) pi(a_it) / sg(pi(a_it))

Where a text's advantages are all the same, value and gradient are `gspo`'s; tokens may have advantages of their own.

Source: Zheng et al. (2025), Group sequence policy optimization, arXiv 2507.18071, equations 13 and 14.
"""

from algorithms.estimators.surrogates.text_ratios import GeometricToken
from algorithms.variant import Promises
from algorithms.variants import gspo

VARIANT = gspo.VARIANT.rung(
    "gspo_token",
    "the text's ratio on each token, whose advantages may differ",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=GeometricToken(),
    shown_as="GSPO-token",
)

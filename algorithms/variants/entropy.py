"""Entropy regularisation: the policy is paid for staying undecided.

    J_alpha = J + alpha E[ sum_t H(pi(. | s_t)) ],    alpha constant

The bonus delays the collapse onto the first action that paid; it also changes the objective, so its optimum is not J's.

Source: Williams and Peng (1991); Mnih et al. (2016), section 4 (alpha 0.01).
"""

from algorithms.estimators.entropy_bonus import Constant
from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "entropy",
    "plus 0.01 times the policy's entropy",
    entropy=Constant(0.01),
    shown_as="Entropy bonus",
)

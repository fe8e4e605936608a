"""Asymmetric REINFORCE: a baseline below the mean, so that good episodes weigh more than bad ones.

    A_i = R_i - (mean of the group's other R - 0.1)

On policy a constant in the baseline changes the variance and not the mean. On stale data it does change the mean: bad
episodes of another policy say little, and with b above their mean return the policy may collapse.

Source: Arnal et al. (2025), Asymmetric REINFORCE for off-policy reinforcement learning, arXiv 2506.20520, section 3.
"""

from algorithms.estimators.baselines.across_prompts import LowerMean
from algorithms.variant import Promises
from algorithms.variants import rloo

VARIANT = rloo.VARIANT.rung(
    "asym_re",
    "minus a baseline 0.1 below the mean of the group's other episodes",
    promises=Promises(factor="one", shift_invariant=True, homogeneous=False),
    baseline=LowerMean(delta=0.1),
    shown_as="Asymmetric REINFORCE",
)

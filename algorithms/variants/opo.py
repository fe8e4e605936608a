"""OPO: the group's mean return, weighted by length, as a cheap stand-in for the optimal constant.

    A_i = R_i - sum_j |y_j| R_j / sum_j |y_j|

|y| stands for |S|^2, as if every token had a score of the same size. Where all texts are equally long it is the group mean,
the episode itself included.

Source: Hao et al. (2025), On-policy RL with optimal reward baseline, arXiv 2505.23585, equation 7.
"""

from algorithms.estimators.baseline import LengthWeightedMean
from algorithms.variant import Promises
from algorithms.variants import rloo

VARIANT = rloo.VARIANT.rung(
    "opo",
    "minus the group's length-weighted mean R(tau)",
    promises=Promises(shift_invariant=True),
    baseline=LengthWeightedMean(),
    shown_as="OPO",
)

"""The batch's mean return as the baseline, the episode itself included.

    g = 1/N sum_i (R_i - mean R) sum_t grad log pi(a_it | s_it),    E[g] = (N-1)/N grad J

Often called unbiased, which it is not: an episode is compared with itself once in N. The factor is harmless for a large
batch; in groups of 2 it halves the step (`dr_grpo`).

Source: the common practice; the factor is that of a sample covariance with N in place of N - 1.
"""

from algorithms.estimators.baseline import BatchMean
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "batch_mean",
    "minus the mean R(tau) of the batch, itself included",
    promises=Promises(factor="batch", shift_invariant=True),
    baseline=BatchMean(),
    shown_as="Batch mean",
)

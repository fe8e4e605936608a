"""Clip-Cov: the few tokens that drain most of the entropy get no gradient.

    L_t = ClippedRatio, without gradient where (log pi_t - mean)(A_t - mean) is among the largest 2 % of the batch

A softmax policy loses entropy by the covariance of log-probability and advantage; a handful of tokens carries most of it.
The source takes 2 in 10,000 of batches with hundreds of thousands of tokens; batches here have hundreds.

Source: Cui et al. (2025), The entropy mechanism of RL for reasoning language models, arXiv 2505.22617, equation 11.
"""

from algorithms.estimators.surrogate import ClippedCovariance
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "clip_cov",
    "no gradient for the tokens of largest covariance",
    promises=Promises(shift_invariant=True, scale_free=True, separable=False),
    surrogate=ClippedCovariance(share=0.02),
    shown_as="Clip-Cov",
)

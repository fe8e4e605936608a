"""KL-Cov: the few tokens that drain most of the entropy pay for moving, in place of a clip for all.

    L_t = rho_t A_t - kappa |log rho_t| [(log pi_t - mean)(A_t - mean) among the largest 2 % of the batch]

At the first step on a rollout rho is 1 and nothing is paid; the penalty holds the later ones back. The share is larger than
the source's 2 in 10,000, as in `clip_cov`.

Source: Cui et al. (2025), The entropy mechanism of RL for reasoning language models, arXiv 2505.22617, equation 13.
"""

from algorithms.estimators.surrogate import PenalisedCovariance
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "kl_cov",
    "a penalty on moving the tokens of largest covariance, no clip",
    promises=Promises(shift_invariant=True, scale_free=True, separable=False),
    surrogate=PenalisedCovariance(share=0.02),
    shown_as="KL-Cov",
)

"""DPPO with the binary KL: an action is dropped once its KL from mu is large and its step would enlarge it.

    L = m rho A,    m = 0 where sign(A) (pi - mu) > 0 and d > 0.05,
    d = mu log(mu / pi) + (1 - mu) log((1 - mu) / (1 - pi))

d is the KL between two policies that tell this action from all others: a lower bound of the whole KL, and no more work.

Source: Qi et al. (2026), Rethinking the trust region in LLM reinforcement learning, arXiv 2602.04879, equation 14.
"""

from algorithms.estimators.surrogate import Ratio
from algorithms.estimators.surrogates.masks import BinaryKL, Masked
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "dppo_kl",
    "no clip; drops actions with a binary KL of 0.05 that would grow",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=Masked(Ratio(), BinaryKL(delta=0.05)),
    shown_as="DPPO-KL",
)

"""DPPO: an action is dropped once its probability has moved too far in its advantage's direction; no ratio is clipped.

    L = m rho A,    m = 0 where sign(A) (pi - mu) > 0.2, else 1

PPO's bound on the ratio stops rare actions early and likely ones late. The difference of probabilities is the total
variation between two policies that tell this action from all others, so the region is one of distance.

Source: Qi et al. (2026), Rethinking the trust region in LLM reinforcement learning, arXiv 2602.04879, equation 13.
"""

from algorithms.estimators.surrogate import Ratio
from algorithms.estimators.surrogates.masks import Masked, ProbabilityGap
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "dppo_tv",
    "no clip; drops actions whose probability has moved by 0.2 in the advantage's direction",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=Masked(Ratio(), ProbabilityGap(delta=0.2)),
    shown_as="DPPO-TV",
)

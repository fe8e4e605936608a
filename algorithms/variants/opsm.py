"""Off-policy sequence masking: failures that the policy has left behind are dropped as whole texts.

    L = m min(rho A, clip(rho) A),    m = 0 where A < 0 and mean_t log(mu / pi) > 0.1, else 1

GRPO's clip stops single tokens; this drops a text whose tokens have, on average, become rarer. Successes always count.
The threshold is not published.

Source: DeepSeek-AI (2025), DeepSeek-V3.2, arXiv 2512.02556, equation 9.
"""

from algorithms.estimators.surrogate import ClippedRatio
from algorithms.estimators.surrogates.masks import Masked, StaleFailures
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "opsm",
    "drops failures that have become rarer by 0.1 nats a token",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=Masked(ClippedRatio(clip=0.2), StaleFailures(delta=0.1)),
    shown_as="OPSM",
)

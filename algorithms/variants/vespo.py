"""VESPO: the ratio of the whole text weighs through a gamma kernel, softer for successes than for failures.

    L = sg(f(w)) A log pi,    f = e^lam w^k e^(-lam w),    w = prod_t rho_t
    (k, lam) = (2, 3) where A >= 0, (3, 2) where A < 0

f is 1 on policy, and falls to 0 for texts that have become much rarer or much likelier. A product over a text leaves the
kernel soon where texts are long: then little is learned from stale data.

Source: Shen et al. (2026), VESPO, arXiv 2602.10693, section 3; the numbers as in TRL, trl/trainer/grpo_config.py.
"""

from algorithms.estimators.surrogates.soft_weights import GammaKernel
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "vespo",
    "a gamma kernel of the text's ratio under stop-gradient",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=GammaKernel(),
    shown_as="VESPO",
)

"""SAPO: a soft gate in place of the clip, a little steeper for negative advantages.

    L = 4 / tau sigmoid(tau (rho - 1)) A,    tau = 1 where A > 0, 1.05 where A <= 0

The weight of an action, 4 s (1 - s) rho with s the sigmoid, is 1 on policy and fades as the ratio leaves 1; no action is
cut off.

Source: Gao et al. (2025), Soft adaptive policy optimization, arXiv 2511.20347, section 3; temperatures as in TRL.
"""

from algorithms.estimators.surrogates.soft_weights import SoftGate
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "sapo",
    "a soft gate around ratio 1 in place of the clip",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=SoftGate(positive=1.0, negative=1.05),
    shown_as="SAPO",
)

"""PPO with an adaptive KL penalty: in place of a clip, moving away costs, and the price follows the KL that was seen.

    L = rho A - beta k,    k = rho - 1 - log rho,    beta <- 2 beta where mean k > 1.5 d, beta / 2 where mean k < d / 1.5

k is an unbiased estimate of KL(mu || pi); the source computes the KL itself. d = 0.01. beta is a state of each member.

Source: Schulman et al. (2017), Proximal policy optimization algorithms, equation 8 and section 4.
"""

from algorithms.estimators.surrogates.penalties import AdaptiveKL
from algorithms.variants import ppo

VARIANT = ppo.VARIANT.rung(
    "ppo_penalty",
    "a KL penalty whose price doubles and halves, in place of the clip",
    surrogate=AdaptiveKL(beta=1.0, target=0.01),
    shown_as="PPO, KL penalty",
)

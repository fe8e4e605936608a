"""Decoupled PPO: the clip holds the step near the newest policy, a weight accounts for the one that acted.

    L = w_t min(rho_t A_t, clip(rho_t, 1 - eps, 1 + eps) A_t),    rho_t = pi / pi_new,    w_t = min(pi_new / mu, 2)

PPO's clip around an old mu throws away what has moved since; around pi_new it only limits the step that is being made.

Source: Hilton et al. (2022), Batch size-invariance for policy optimization, equation 3; Fu et al. (2025), AReaL, equation 5.
"""

from algorithms.composition import Schedule
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.variants import async_is

VARIANT = async_is.VARIANT.rung(
    "async_decoupled",
    "rollouts 4 updates old, PPO's clip around the newest policy",
    needs={"schedule": Schedule(lag=4, epochs=4, minibatches=4)},
    surrogate=ClippedRatio(clip=0.2),
    shown_as="Decoupled PPO",
)

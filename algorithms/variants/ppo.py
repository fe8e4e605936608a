"""Proximal policy optimisation: a clipped ratio allows several epochs on one rollout.

    L = E[ min(rho_t A_t, clip(rho_t, 1 - eps, 1 + eps) A_t) ],    rho_t = pi(a_t | s_t) / mu(a_t | s_t)

At the first step rho is 1 and the gradient is that of `gae`; the epochs are what the clip is for, so they come with it.

Source: Schulman et al. (2017), Proximal policy optimization algorithms, equation 7.
"""

from algorithms.composition import Schedule
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "ppo",
    "the clipped ratio, with 4 epochs of 4 minibatches",
    needs={"schedule": Schedule(epochs=4, minibatches=4)},
    surrogate=ClippedRatio(clip=0.2),
    shown_as="PPO",
)

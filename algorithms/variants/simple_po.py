"""Simple policy optimization: a parabola in place of the clip, whose top lies at the clip's bound.

    L = rho A - |A| (rho - 1)^2 / (2 eps),    dL / d rho = 0 at rho = 1 + sign(A) eps,    eps = 0.2

Beyond its bound PPO's objective is flat, and a ratio that other actions carried there stays; this one comes back. One of
three algorithms that call themselves SPO.

Source: Xie et al. (2025), Simple policy optimization, arXiv 2401.16025, section 4.
"""

from algorithms.estimators.surrogates.penalties import QuadraticPenalty
from algorithms.variants import ppo

VARIANT = ppo.VARIANT.rung(
    "simple_po",
    "a quadratic penalty on the ratio in place of the clip",
    surrogate=QuadraticPenalty(eps=0.2),
    shown_as="Simple PO",
)

"""Asynchronous update, corrected by V-trace: the lambda-return of the policy that learns, from another's rollouts.

    v_t = V(s_t) + sum_k gamma^k c_t ... c_{t+k-1} rho_{t+k} delta_{t+k},    A_t = rho_t (r_t + gamma v_{t+1} - V(s_t))

rho = min(1, pi/mu) says which policy's value is learned, c = lambda min(1, pi/mu) how far a correction reaches back. On
policy it is `gae`.

Source: Espeholt et al. (2018), IMPALA, equations 1 and 4.
"""

from algorithms.estimators.credit import VTrace
from algorithms.variants import async_

VARIANT = async_.VARIANT.rung(
    "async_vtrace",
    "rollouts 4 updates old, V-trace",
    credit=VTrace(lam=0.95),
    shown_as="Stale + V-trace",
)

"""Generalised advantage estimation: the lambda-return takes the place of G_t, so a good V lowers the variance.

    A_t = sum_k (gamma lambda)^k delta_{t+k},    delta_t = r_t + gamma V(s_{t+1}) - V(s_t)

lambda trades the variance of long returns for the bias of V. Truncated episodes bootstrap from V of their last state.

Source: Schulman et al. (2016), High-dimensional continuous control using GAE, equation 16.
"""

from algorithms.estimators.credit import LambdaReturn
from algorithms.variants import baseline_value

VARIANT = baseline_value.VARIANT.rung(
    "gae",
    "the lambda-return in place of G_t: bootstraps from V",
    credit=LambdaReturn(lam=0.95),
    shown_as="GAE",
)

"""Value baseline: a learned V(s_t) is subtracted from G_t; nothing is bootstrapped.

    grad J = E[ sum_t grad log pi(a_t | s_t) (G_t - V(s_t)) ],    V <- argmin E (V(s_t) - G_t)^2

V depends on the state alone, so the gradient stays unbiased however wrong V is.

Source: Sutton et al. (2000); Sutton and Barto (2018), section 13.4 (REINFORCE with baseline).
"""

from algorithms.estimators.baseline import ValueNetwork
from algorithms.variant import Promises
from algorithms.variants import reward_to_go

VARIANT = reward_to_go.VARIANT.rung(
    "baseline_value",
    "minus a learned V(s_t)",
    promises=Promises(factor="one"),
    baseline=ValueNetwork(),
    shown_as="Value baseline",
)

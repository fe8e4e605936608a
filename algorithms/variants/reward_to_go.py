"""Reward-to-go: an action is credited with the rewards that follow it, and with no others.

    grad J = E[ sum_t grad log pi(a_t | s_t) G_t ],    G_t = sum_{k>=t} gamma^(k-t) r_k

The terms left out have mean zero: a past reward does not depend on a later action. Unbiased at gamma 1; below 1 the
factor gamma^t of the discounted objective is missing, as in nearly all practice.

Source: Sutton and Barto (2018), equation 13.8; Peters and Schaal (2008), section 3.2 (GPOMDP).
"""

from algorithms.estimators.credit import RewardToGo
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "reward_to_go",
    "only the rewards after an action: G_t in place of R(tau)",
    promises=Promises(factor="one"),
    credit=RewardToGo(),
    shown_as="Reward-to-go",
)

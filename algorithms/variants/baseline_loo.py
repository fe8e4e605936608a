"""Leave-one-out baseline: an episode is compared with the other episodes of its group.

    grad J = E[ sum_t grad log pi(a_t | s_t) (G_it - 1/(G-1) sum_{j != i} G_jt) ]

The others are independent of episode i, so the gradient stays unbiased, without anything to learn or to tune. In text
the group shares a prompt; in control it is the whole batch. An episode that has ended counts 0.

Source: Kool et al. (2019), Buy 4 REINFORCE samples, get a baseline for free!, equation 8; Ahmadian et al. (2024) (RLOO).
"""

from algorithms.estimators.baseline import LeaveOneOut
from algorithms.variant import Promises
from algorithms.variants import reward_to_go

VARIANT = reward_to_go.VARIANT.rung(
    "baseline_loo",
    "minus the mean G_t of the group's other episodes",
    promises=Promises(factor="one"),
    baseline=LeaveOneOut(),
    shown_as="Leave-one-out baseline",
)

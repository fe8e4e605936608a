"""Moving-average baseline: what past rollouts returned from step t on is subtracted from G_t.

    grad J = E[ sum_t grad log pi(a_t | s_t) (G_t - b_t) ],    b_t <- alpha b_t + (1 - alpha) mean_i G_it

b_t is known before the episode it judges, so the gradient's mean does not move. A constant in the reward adds variance only
until the average has followed it, which costs part of the run (`reward_shift`). There is one average for each time step: on
CartPole a single one removes next to nothing.

Source: Williams (1992), section 4 (reinforcement comparison); Greensmith et al. (2004), section 3.
"""

from algorithms.estimators.baseline import MovingAverage
from algorithms.variant import Promises
from algorithms.variants import reward_to_go

VARIANT = reward_to_go.VARIANT.rung(
    "baseline_mean",
    "minus the moving average of past G_t, for each time step",
    promises=Promises(factor="one"),
    baseline=MovingAverage(alpha=0.9),
    shown_as="Moving-average baseline",
)

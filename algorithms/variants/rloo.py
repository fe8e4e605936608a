"""RLOO: the whole return of an episode against the mean of its group's other returns.

    grad J = E[ (R_i - 1/(G-1) sum_{j != i} R_j) sum_t grad log pi(a_t | s_t) ],    = G/(G-1) (R_i - mean R)

Unbiased: the others are independent of episode i. Its gradient is the sample covariance (ddof 1) of returns and scores.
`baseline_loo` is the same with rewards-to-go, time step by time step; where all episodes are equally long and
pay at the end only, both are one.

Source: Kool et al. (2019), Buy 4 REINFORCE samples, get a baseline for free!, equation 8; Ahmadian et al. (2024), eq. 6.
"""

from algorithms.estimators.baseline import LeaveOneOut
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "rloo",
    "minus the mean R(tau) of the group's other episodes",
    promises=Promises(factor="one", shift_invariant=True, rloo_variance=True),
    baseline=LeaveOneOut(),
    shown_as="RLOO",
)

"""REINFORCE: the whole return of an episode weighs each of its actions.

    grad J = E[ R(tau) sum_t grad log pi(a_t | s_t) ],    R(tau) = sum_k gamma^k r_k

Unbiased for E[R(tau)], whatever gamma; its variance grows with |R| and with the horizon, since every action is credited
with rewards that came before it and with the return's mean.

Source: Williams (1992), Simple statistical gradient-following algorithms, section 2.
"""

from algorithms.composition import FirstOrder
from algorithms.estimators.baseline import Zero
from algorithms.estimators.credit import EpisodeReturn
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.surrogate import Score
from algorithms.variant import Promises, Variant

VARIANT = Variant(
    name="reinforce",
    summary="the whole return R(tau) weighs every action",
    estimator=Estimator(credit=EpisodeReturn(), baseline=Zero(), surrogate=Score()),
    update=FirstOrder(),
    promises=Promises(factor="one"),
    shown_as="REINFORCE",
)

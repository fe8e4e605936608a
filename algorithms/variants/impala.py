"""IMPALA: actors that never wait, windows of 20 steps, V-trace, and an entropy bonus.

    v_t = V(s_t) + sum_k gamma^k c_t ... c_{t+k-1} rho_{t+k} delta_{t+k},    A_t = rho_t (r_t + gamma v_{t+1} - V(s_t))

Four actors and one learner by a simulated clock (acting takes 1 +- .3 seconds, learning .2): the lag is what emerges, four
to five updates, and the seed repeats it. The paper's learner takes several windows at once; here every window is an update.

Source: Espeholt et al. (2018), IMPALA, equations 1 and 4, section 3; windows of 20 and an entropy cost of .01 as for Atari.
"""

from algorithms.composition import FirstOrder, Schedule
from algorithms.estimators.baseline import ValueNetwork
from algorithms.estimators.credit import VTrace
from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.surrogate import Score
from algorithms.staleness.clock import Clock, Duration
from algorithms.training_config import Unroll
from algorithms.variant import Variant

VARIANT = Variant(
    name="impala",
    summary="IMPALA: 4 simulated actors, windows of 20 steps, V-trace, entropy bonus 0.01",
    estimator=Estimator(VTrace(lam=1.0), ValueNetwork(), Score(), entropy=Constant(0.01)),
    update=FirstOrder(),
    schedule=Schedule(actors=Clock(actors=4, acting=Duration(1.0, 0.3), learning=Duration(0.2))),
    collection=Unroll(steps=20, envs=16),
    shown_as="IMPALA",
)

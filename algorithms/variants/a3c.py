"""A3C: workers that step along gradients of their own, possibly outdated, copies on parameters that all share.

    theta <- theta + step( sum_t A_t grad log pi_theta'(a_t | s_t) + alpha grad H ),    theta' = what the worker copied

A_t is the n-step return minus V, both at theta'. Four workers by a simulated clock, whose steps take next to no time: from
copying to stepping, about three others step. The seed repeats it; `train --actors 4 --hogwild` does it with processes.

Source: Mnih et al. (2016), Asynchronous methods for deep reinforcement learning, algorithm S3 (windows of 5, entropy .01).
"""

from algorithms.composition import FirstOrder, Schedule
from algorithms.estimators.baseline import ValueNetwork
from algorithms.estimators.credit import NStep
from algorithms.estimators.entropy_bonus import Constant
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.surrogate import Score
from algorithms.staleness.clock import Clock, Duration
from algorithms.training_config import Unroll
from algorithms.variant import Variant

VARIANT = Variant(
    name="a3c",
    summary="A3C: 4 simulated workers, gradients of outdated copies, 5-step returns, entropy bonus 0.01",
    estimator=Estimator(NStep(n=5), ValueNetwork(), Score(), entropy=Constant(0.01)),
    update=FirstOrder(),
    schedule=Schedule(
        actors=Clock(actors=4, acting=Duration(1.0, 0.3), learning=Duration(0.01), in_turn=True), gradient="actor"
    ),
    collection=Unroll(steps=5, envs=64),
    shown_as="A3C",
)

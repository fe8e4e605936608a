"""Asynchronous update, simulated: the learner uses rollouts that are 4 updates old, and does nothing about it.

    theta_{u+1} = theta_u + step( gradient estimated on a rollout of pi_{theta_{u-4}} )

Actors that do not wait for the learner act with old parameters. A constant lag under a fixed seed makes that staleness a
quantity of the experiment; lag 0 is `gae`, bit for bit. Nothing corrects for it here.

Source: Mnih et al. (2016) (asynchronous actors); Espeholt et al. (2018), section 3 (policy lag).
"""

from algorithms.composition import Schedule
from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "async",
    "rollouts 4 updates old, uncorrected",
    schedule=Schedule(lag=4),
    shown_as="Stale rollouts",
)

"""An entropy bonus that holds a target: alpha grows while the policy is more certain than wanted, and shrinks otherwise.

    log alpha <- log alpha + eta (h* - h),    h = H(pi) / H_max, as a mean over a rollout's steps

The wanted share h* of the maximal entropy, log of the number of legal actions, is the setting; alpha adapts. Where the
optimal policy is deterministic h* costs return, as a constant bonus does.

Source: Haarnoja et al. (2018), Soft actor-critic algorithms and applications, equation 18, for the temperature.
"""

from algorithms.estimators.entropy_bonus import Target
from algorithms.variants import gae

VARIANT = gae.VARIANT.rung(
    "entropy_target",
    "plus an entropy bonus that holds 0.3 of the maximal entropy",
    entropy=Target(fraction=0.3),
    shown_as="Entropy target",
)

"""The shrinkage baseline: a group's mean is drawn towards the mean of all other prompts, the more the noisier it is.

    b_i = (1 - lam) mean of the group's other R + lam mean of the other groups,    lam = v / (v + s)

v is the variance of a mean of G - 1 returns, s that between prompts, both from the other groups. With few episodes a
prompt the group's mean is a poor estimate, and a James-Stein mean a better one. Everything in b is independent of episode
i: unbiased.

Source: Zeng et al. (2025), Shrinking the variance, arXiv 2511.03710, section 4; the leave-one-out form is worked out
here.
"""

from algorithms.estimators.baselines.across_prompts import Shrinkage
from algorithms.variant import Promises
from algorithms.variants import rloo

VARIANT = rloo.VARIANT.rung(
    "shrinkage",
    "minus a mean shrunk from the group's others towards the other groups",
    promises=Promises(factor="one", shift_invariant=True),
    baseline=Shrinkage(),
    shown_as="Shrinkage baseline",
)

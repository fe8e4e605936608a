"""GiGPO's step-level groups: an action is compared with those of the same group that were taken after the same text.

    A_t = G_t - mean of the G_t of the group's other episodes with the same text before t (of all others where there is none)

The episodes of a group share a prompt and then diverge; those that pass through one state are the better
group. The source calls it an anchor state, adds the advantage of the whole episode, and divides both by deviations; here
the baseline changes alone. Everything in it is drawn before the action or by others: unbiased.

Source: Feng et al. (2025), Group-in-group policy optimization, arXiv 2505.10978, equation 6.
"""

from algorithms.estimators.baselines.prefixes import SamePrefix
from algorithms.variant import Promises
from algorithms.variants import baseline_loo

VARIANT = baseline_loo.VARIANT.rung(
    "gigpo",
    "minus the mean G_t of the group's others with the same text before the action",
    promises=Promises(factor="one"),
    baseline=SamePrefix(),
    shown_as="GiGPO",
)

"""The optimal token baseline: Greensmith's constant at every step, over the episodes of the group that are still running.

    A_it = G_it - sum_j G_jt W_jt / sum_j W_jt,    W_it = sum_{k<=t} (1 - 2 pi(a_ik) + sum_v pi_v^2)

W is the squared norm, in the logits, of the score gathered so far. The episode itself is included, so the gradient is
nearly, not exactly, unbiased.

Source: Greensmith et al. (2004), theorem 8, per step; as computed by verl (optimal token baseline).
"""

from algorithms.estimators.baseline import OptimalToken
from algorithms.variant import Promises
from algorithms.variants import baseline_loo

VARIANT = baseline_loo.VARIANT.rung(
    "otb",
    "minus the group's mean G_t weighted by the score gathered so far",
    promises=Promises(shift_invariant=True),
    baseline=OptimalToken(),
    shown_as="Optimal token baseline",
)

"""The optimal constant baseline: the one number that, subtracted from the return, makes the gradient's variance least.

    grad J = E[ (R - b*) S ],    S = sum_t grad log pi(a_t | s_t),    b* = E[|S|^2 R] / E[|S|^2]

Estimated for each episode from the others of the batch, so that the gradient stays unbiased. |S|^2 is read in the logits,
sum_t (1 - 2 pi(a_t) + sum_v pi_v^2): exact for a table of logits, a stand-in for a network.

Source: Greensmith, Bartlett and Baxter (2004), Variance reduction techniques for gradient estimates, theorem 8.
"""

from algorithms.estimators.baseline import OptimalConstant
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "optimal_const",
    "minus the constant of least variance, from the batch's other episodes",
    promises=Promises(factor="one", shift_invariant=True),
    baseline=OptimalConstant(),
    shown_as="Optimal constant baseline",
)

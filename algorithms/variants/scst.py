"""Self-critical training: what the greedy policy earns on the same prompt is the baseline.

    grad J = E[ (R(y) - R(y_greedy)) sum_t grad log pi(a_t | s_t) ],    y_greedy: the most probable token at every step

Unbiased: the greedy text does not depend on the sampled one. It needs no critic and no group; its price is one greedy text
a prompt, which the budget pays. ReMax is the same estimator for language models.

Source: Rennie et al. (2017), Self-critical sequence training, equation 8; Li et al. (2024), ReMax, equation 6.
"""

from algorithms.estimators.baseline import GreedyReturn
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "scst",
    "minus the return of the greedy text on the same prompt, which is charged",
    promises=Promises(factor="one", shift_invariant=True),
    baseline=GreedyReturn(),
    shown_as="Self-critical",
)

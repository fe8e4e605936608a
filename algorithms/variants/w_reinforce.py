"""W-REINFORCE: wrong answers are pushed down at full weight, right ones reinforced at a tenth of it.

    g = 1/N sum_i A_i sum_t grad log pi(a_it | s_it),    A_i = 0.1 where R_i > 0, else -1,    E[g] = (1 + 0.1) grad p

Both signs alone have grad p as their mean on policy, so lambda is a matter of variance and of what happens off policy.
lambda 0 is negative sample reinforcement (NSR), which the source finds to keep pass@k. For rewards of a verifier:
failures pay 0 or less.

Source: Zhu et al. (2025), The surprising effectiveness of negative reinforcement, arXiv 2506.01347, section 3.
"""

from algorithms.estimators.scales.success_rates import Signed
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "w_reinforce",
    "-1 for a wrong answer, 0.1 for a right one",
    promises=Promises(factor="signed", scale_free=True),
    scale=Signed(weight=0.1),
    shown_as="W-REINFORCE",
)

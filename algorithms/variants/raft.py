"""RAFT: the best texts of each group are imitated, the others ignored; there are no negative examples.

    g = 1/N sum_i 1[R_i = max of the group > min of the group] sum_t grad log pi(a_it | s_it)

Supervised learning on what was sampled and judged best. Its fixed points are not J's: nothing ever pushes a token down. The
source keeps groups that are all right too; with other rewards one cannot tell, so here they are left out.

Source: Dong et al. (2023), RAFT, algorithm 1; Xiong et al. (2025), A minimalist approach, arXiv 2504.11343, section 2.
"""

from algorithms.estimators.advantage_scale import BestOfGroup
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "raft",
    "imitates the best texts of a group, ignores the others",
    promises=Promises(shift_invariant=True, scale_free=True),
    scale=BestOfGroup(),
    shown_as="RAFT",
)

"""GDPO: each part of the reward is standardised in its group by itself, then the parts are added and whitened.

    A_i = (S_i - mean S) / std S over the batch,    S_i = sum_k w_k (R_ik - mean R_k) / std R_k in the group

GRPO adds the parts first, so that different combinations of rewards get one advantage: in groups of two, returns (0, 1) and
(0, 2) both give -1 and 1. Here a second part that is won along with the first counts: -2 and 2. The weights w_k are the
task's. Where a task pays one part, A is GRPO's over the square root of the share of groups whose returns differ.

Source: Liu et al. (2026), GDPO, arXiv 2601.05242; formula and batch-wise step read in the authors' code (NVlabs/
GDPO) and in summaries of the paper, whose equation numbers we could not check. Here ddof 0 and no epsilon, as in `grpo`.
"""

from algorithms.estimators.scales.reward_parts import StandardisedParts
from algorithms.variant import Promises
from algorithms.variants import grpo

VARIANT = grpo.VARIANT.rung(
    "gdpo",
    "each part of the reward standardised in its group, their sum over the batch",
    promises=Promises(shift_invariant=True, scale_free=True),
    scale=StandardisedParts(),
    shown_as="GDPO",
)

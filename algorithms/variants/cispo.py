"""CISPO: the ratio is a capped weight under stop-gradient, so no token loses its gradient to the clip.

    L = 1/N sum_i 1/|y_i| sum_t sg(min(rho_it, 5)) A_i log pi(a_it | s_it)                          ours
    L = 1/sum_i |y_i| sum_i sum_t sg(min(rho_it, c)) A_i log pi(a_it | s_it)                       the source's

PPO's clip silences tokens whose probability has already moved, the rare ones that matter first; here they keep learning,
weighted by at most 5. A_i is GRPO's in both: the return standardised within the group.

Departs from its source in what is averaged: the source takes the mean over all tokens of a group and has no KL term. Here
each text's loss is divided by its length, and the task's KL is kept, because a rung changes one part of `grpo_epochs`. So a
token of a long text weighs less here than there; `dapo` has the token mean.

Source: MiniMax (2025), MiniMax-M1, arXiv 2506.13585, equations 4 and 5 (upper bound only).
"""

from algorithms.estimators.surrogate import StoppedRatio
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "cispo",
    "a capped ratio under stop-gradient in place of the clip; GRPO's mean over texts, not the source's over tokens",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=StoppedRatio(cap=5.0),
    shown_as="CISPO",
)

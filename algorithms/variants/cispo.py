"""CISPO: the ratio is a capped weight under stop-gradient, so no token loses its gradient to the clip.

    L = sg(min(rho_t, 5)) A_t log pi(a_t | s_t)

PPO's clip silences tokens whose probability has already moved, the rare ones that matter first; here they keep learning,
weighted by at most 5.

Source: MiniMax (2025), MiniMax-M1, arXiv 2506.13585, equations 4 and 5 (upper bound only).
"""

from algorithms.surrogate import StoppedRatio
from algorithms.types import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "cispo",
    "a capped ratio under stop-gradient in place of the clip",
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=StoppedRatio(cap=5.0),
)

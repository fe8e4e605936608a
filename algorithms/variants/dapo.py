"""DAPO: a wider clip above, the mean over all tokens, and batches filled with groups whose returns differ.

    L = 1/sum_i |y_i| sum_i sum_t min(rho_it A_i, clip(rho_it, 1 - 0.2, 1 + 0.28) A_i)

Clip-higher lets rare tokens grow; the token mean gives each token of a long text its full weight; dynamic sampling draws
further prompts (up to 3 rollouts an update, all charged) in place of groups whose returns are all equal.

Source: Yu et al. (2025), DAPO, arXiv 2503.14476, equations 8 and 10 to 12.
"""

from algorithms.composition import Schedule
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.variant import Promises
from algorithms.variants import grpo_epochs

VARIANT = grpo_epochs.VARIANT.rung(
    "dapo",
    "clip-higher; mean over all tokens; groups of equal returns are replaced",
    needs={"aggregation": "token", "schedule": Schedule(epochs=4, tries=3)},
    promises=Promises(shift_invariant=True, scale_free=True),
    surrogate=ClippedRatio(clip=0.2, high=0.28),
    shown_as="DAPO",
)

"""REINFORCE++: no critic and no group; advantages whitened over the whole batch, the ratio clipped.

    A_t = (G_t - mean) / std over all tokens of the batch,    G_t = sum_{k>=t} r_k,    r_k holds the KL of its token as k1

The mean over the batch is a baseline without a prompt: an easy prompt's texts all look good. The loss is a mean over tokens.

Source: Hu et al. (2025), REINFORCE++, arXiv 2501.03262, equations 6 to 8.
"""

from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.variant import Promises
from algorithms.variants import reward_to_go

VARIANT = reward_to_go.VARIANT.rung(
    "reinforce_pp",
    "whitened over all tokens of the batch; mean over all tokens",
    needs={"aggregation": "token", "surrogate": ClippedRatio(clip=0.2)},
    promises=Promises(shift_invariant=True, scale_free=True),
    scale=Deviation("batch", of="advantages", centre=True, least=1e-8),
    shown_as="REINFORCE++",
)

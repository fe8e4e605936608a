"""Lite PPO: the mean of the group, the deviation of the whole batch, and the mean over all tokens.

    A_i = (R_i - mean of the group) / std over the batch's R,    L = sum of all tokens' losses / number of tokens

A batch-wide deviation is one number a batch: prompts keep the weights that the gradient of J gives them, and only the length
of the step is normalised.

Source: Liu et al. (2025), Part I: tricks or traps?, arXiv 2508.08221, section 5.
"""

from algorithms.estimators.advantage_scale import Deviation
from algorithms.variant import Promises
from algorithms.variants import grpo

VARIANT = grpo.VARIANT.rung(
    "lite_ppo",
    "over the deviation of the whole batch's returns; mean over all tokens",
    needs={"aggregation": "token"},
    promises=Promises(shift_invariant=True, scale_free=True),
    scale=Deviation("batch"),
    shown_as="Lite PPO",
)

"""GRPO: returns standardised within the group, each text's loss divided by its length, the KL as k3 in the loss.

    A_i = (R_i - mean R) / std R,    L = 1/N sum_i 1/|y_i| sum_t min(rho_it A_i, clip(rho_it) A_i) - beta k3_it

With rewards of 0 or 1 and a success rate of p the deviation multiplies a prompt's gradient by w_G(p): easy and hard prompts
weigh more than middling ones. 1/|y| makes a long failure cost less than a short one. One step a rollout: there the ratio is
1 and the clip idle; `grpo_epochs` has several. A task's own beta is used.

Source: Shao et al. (2024), DeepSeekMath, arXiv 2402.03300, equations 3 and 4 (no epsilon, ddof 0).
"""

from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.variant import Promises
from algorithms.variants import dr_grpo

VARIANT = dr_grpo.VARIANT.rung(
    "grpo",
    "over the deviation of the group's returns, and over each text's length",
    needs={"aggregation": "sequence", "surrogate": ClippedRatio(clip=0.2), "kl": KL("k3", "loss")},
    promises=Promises(factor="success", shift_invariant=True, scale_free=True),
    scale=Deviation("group"),
    shown_as="GRPO",
)

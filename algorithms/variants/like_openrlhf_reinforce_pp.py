"""OpenRLHF's REINFORCE++ at its defaults: k1 of each token in the reward, returns whitened over the batch's tokens.

    A_t = (G_t - mean) / sqrt(max(var, 1e-8)),    r_t <- r_t - 0.01 log(pi / ref),    token mean of the clipped ratio

The variance is the mean square over all tokens of the batch (ddof 0; verl's has ddof 1), bounded below instead of an added
epsilon. Its bounds of 10 on rewards and on k1 are out of reach here and left out.

Source: OpenRLHF/OpenRLHF 0.11, openrlhf/trainer/ppo_utils/experience_maker.py and openrlhf/models/loss.py (estimator
"reinforce", kl.init_coef 0.01 as k1, eps_clip 0.2, token_level_loss True).
"""

from dataclasses import replace

from algorithms.estimators.kl_penalty import KL
from algorithms.variants import reinforce_pp

VARIANT = replace(
    reinforce_pp.VARIANT,
    name="like_openrlhf_reinforce_pp",
    summary="OpenRLHF's REINFORCE++: KL 0.01 as k1 in the reward, whitening with a least variance of 1e-8",
    estimator=replace(reinforce_pp.VARIANT.estimator, kl=KL(beta=0.01)),
    parent=None,
    changes="",
    needs=(),
    shown_as="REINFORCE++ (as OpenRLHF)",
)

"""OpenRLHF's REINFORCE++ at its defaults: k1 of each token in the reward, returns whitened over the batch's tokens.

    A_t = (G_t - mean) / sqrt(max(var, 1e-8)),    r_t <- r_t - 0.01 log(pi / ref),    token mean of the clipped ratio

The variance is the mean square over all tokens of the batch (ddof 0), bounded below instead of an added epsilon.

Source: OpenRLHF/OpenRLHF, openrlhf/trainer/ppo_utils/experience_maker.py and models/loss.py (init_kl_coef 0.01,
eps_clip 0.2).
"""

from dataclasses import replace

from algorithms.kl import KL
from algorithms.variants import reinforce_pp

VARIANT = replace(
    reinforce_pp.VARIANT,
    name="like_openrlhf_reinforce_pp",
    summary="OpenRLHF's REINFORCE++: KL 0.01 as k1 in the reward, whitening with a least variance of 1e-8",
    estimator=replace(reinforce_pp.VARIANT.estimator, kl=KL(beta=0.01)),
    parent=None,
    changes="",
    needs=(),
)

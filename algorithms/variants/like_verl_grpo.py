"""verl's GRPO: the deviation with ddof 1 and 1e-6, the mean over all tokens, a dual clip.

    A_i = (R_i - mean R) / (std R + 1e-6),    L = token mean of max(min(rho A, clip(rho) A), 3 A if A < 0)

Groups of 5, as in its examples (the class leaves them to the caller). In verl a group of one gets mean 0 and deviation 1,
its raw score for an advantage; here it is an error.

Source: verl-project/verl 0.9.1, verl/trainer/ppo/core_algos.py (compute_grpo_outcome_advantage, compute_policy_loss_vanilla;
clip_ratio_low and _high 0.2, clip_ratio_c 3.0, loss_agg_mode "token-mean", use_kl_loss False).
"""

from dataclasses import replace

from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.training_config import Episodes
from algorithms.variants import like_trl_grpo

VARIANT = replace(
    like_trl_grpo.VARIANT,
    name="like_verl_grpo",
    summary="verl's GRPO: ddof 1, eps 1e-6, token mean, dual clip 3",
    estimator=replace(
        like_trl_grpo.VARIANT.estimator,
        scale=Deviation("group", ddof=1, eps=1e-6),
        surrogate=ClippedRatio(clip=0.2, dual=3.0),
    ),
    fixed=(("collection", Episodes(envs=60, group=5)),),
    shown_as="GRPO (as verl)",
)

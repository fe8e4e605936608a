"""TRL's RLOOTrainer at its defaults: pairs, the KL in the reward, the ratio of whole texts.

    A_i = R_i - R_j,    R = r - 0.05 sum_t log(pi / ref),    L = 1/N sum_i min(rho_i A_i, clip(rho_i, 0.8, 1.2) A_i)

2 texts a prompt, no standardisation; rho_i is the product over the text's tokens, 1 at the first of the steps.

Source: huggingface/trl 1.16, trl/trainer/rloo_trainer.py and rloo_config.py (num_generations 2, beta 0.05, epsilon 0.2,
normalize_advantages False).
"""

from dataclasses import replace

from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.surrogate import SequenceRatio
from algorithms.training_config import Episodes
from algorithms.variants import rloo

VARIANT = replace(
    rloo.VARIANT,
    name="like_trl_rloo",
    summary="TRL's RLOOTrainer: pairs, KL 0.05 in the reward, ratio of whole texts",
    estimator=replace(rloo.VARIANT.estimator, surrogate=SequenceRatio(clip=0.2), kl=KL(beta=0.05)),
    parent=None,
    changes="",
    fixed=(("collection", Episodes(envs=64, group=2)),),
    shown_as="RLOO (as TRL)",
)

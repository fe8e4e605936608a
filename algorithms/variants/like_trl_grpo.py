"""TRL's GRPOTrainer at its defaults: the deviation with ddof 1 and 1e-4, the mean over all tokens, no KL.

    A_i = (R_i - mean R) / (std R + 1e-4),    L = sum of all tokens' min(rho A, clip(rho, 0.8, 1.2) A) / number of tokens

8 texts a prompt. The default loss type, "dapo", is the mean over tokens. beta is 0 by default; if not, k3 is in the loss.

Source: huggingface/trl 1.16, trl/trainer/grpo_trainer.py and grpo_config.py (num_generations 8, epsilon 0.2, beta 0,
scale_rewards "group", loss_type "dapo").
"""

from algorithms.composition import FirstOrder
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import GroupMean
from algorithms.estimators.credit import EpisodeReturn
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.training_config import Episodes
from algorithms.variant import Promises, Variant

VARIANT = Variant(
    name="like_trl_grpo",
    summary="TRL's GRPOTrainer: ddof 1, eps 1e-4, token mean, no KL",
    estimator=Estimator(
        credit=EpisodeReturn(),
        baseline=GroupMean(),
        surrogate=ClippedRatio(clip=0.2),
        scale=Deviation("group", ddof=1, eps=1e-4),
        aggregation="token",
        kl=KL("k3", "loss", beta=0.0),
    ),
    update=FirstOrder(),
    fixed=(("collection", Episodes(envs=64, group=8)),),
    promises=Promises(shift_invariant=True, scale_free=True),
    shown_as="GRPO (as TRL)",
)

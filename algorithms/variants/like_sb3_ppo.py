"""stable-baselines3's PPO at its defaults: 2048 steps, 10 epochs of minibatches of 64, each whitened by itself.

    A <- (A - mean) / (std + 1e-8) within the minibatch, ddof 1;    L = -mean ClippedRatio_0.2 + 0.5 mean (V - return)^2

lambda 0.95, Adam at 3e-4 with eps 1e-5, gradient norm 0.5, one environment. On text, whole episodes in 32 minibatches.

Source: stable-baselines3 2.9, ppo/ppo.py (normalize_advantage True, ent_coef 0, clip_range_vf None).
"""

from algorithms.composition import FirstOrder, Schedule
from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baseline import ValueNetwork
from algorithms.estimators.credit import LambdaReturn
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.optimisers import Adam
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.training_config import Unroll
from algorithms.variant import Promises, Variant

VARIANT = Variant(
    name="like_sb3_ppo",
    summary="stable-baselines3's PPO: 2048 steps, 10 epochs of 32 minibatches, each whitened",
    estimator=Estimator(
        LambdaReturn(lam=0.95),
        ValueNetwork(),
        ClippedRatio(clip=0.2),
        scale=Deviation("minibatch", of="advantages", centre=True, ddof=1, eps=1e-8),
        aggregation="token",
    ),
    update=FirstOrder(),
    promises=Promises(scale_free=True),
    schedule=Schedule(epochs=10, minibatches=32),
    collection=Unroll(steps=2048, envs=1),
    fixed=(
        ("optimiser", Adam(eps=1e-5)),
        ("learning_rate", 3e-4),
        ("max_grad_norm", 0.5),
        ("discount", 0.99),
        ("value_coefficient", 0.5),
        ("critic_rate", 1.0),
        ("reward_scale", 1.0),
        ("normalise_observations", False),
        ("initial_log_std", 0.0),
    ),
    shown_as="PPO (as SB3)",
)

"""stable-baselines3's A2C at its defaults: windows of 5 steps, lambda 1, RMSprop at 7e-4, means over the window.

    A_t = n-step return - V(s_t),    L = -mean(A log pi) + 0.5 mean (V - return)^2,    gradient norm 0.5

8 environments, as its tuned settings have (the class leaves them to the caller). On text, whole episodes.

Source: stable-baselines3 2.9, a2c/a2c.py (normalize_advantage False, ent_coef 0, rms_prop_eps 1e-5).
"""

from algorithms.composition import FirstOrder
from algorithms.estimators.baseline import ValueNetwork
from algorithms.estimators.credit import LambdaReturn
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.optimisers import RMSprop
from algorithms.estimators.surrogate import Score
from algorithms.training_config import Unroll
from algorithms.variant import Variant

VARIANT = Variant(
    name="like_sb3_a2c",
    summary="stable-baselines3's A2C: 5 steps of 8 environments, RMSprop at 7e-4, means over the window",
    estimator=Estimator(LambdaReturn(lam=1.0), ValueNetwork(), Score(), aggregation="token"),
    update=FirstOrder(),
    collection=Unroll(steps=5, envs=8),
    fixed=(
        ("optimiser", RMSprop(alpha=0.99, eps=1e-5)),
        ("learning_rate", 7e-4),
        ("max_grad_norm", 0.5),
        ("discount", 0.99),
        ("value_coefficient", 0.5),
        ("critic_rate", 1.0),
        ("reward_scale", 1.0),
        ("normalise_observations", False),
        ("initial_log_std", 0.0),
    ),
    shown_as="A2C (as SB3)",
)

"""Atari from images: rl-baselines3-zoo, hyperparams/a2c.yml and ppo.yml, `atari` (commit 22e3ff2).

zoo's actor and critic share their convolutions, ours share nothing. Its A2C divides by sqrt(v + eps), with v = 1 at first,
as TensorFlow's RMSprop; ours by sqrt(v) + eps, with v = 0. Its PPO's clip range falls, ours stays.
"""

from __future__ import annotations

from benchmarks.published.values import Configurations, configurations_for, ppo, training, window

ENTROPY = {"estimator.entropy.alpha": 0.01}

CONFIGURATIONS: Configurations = configurations_for(
    ("Pong-v5",),
    a2c=window(5, 16) | training(discount=0.99, learning_rate=7e-4, value_coefficient=0.25) | ENTROPY,
    ppo={
        **ppo(128, 8, 4, 0.95, batch=256, discount=0.99, learning_rate=2.5e-4, anneal=True),
        **ENTROPY,
        "estimator.surrogate.clip": 0.1,
    },
)

"""BipedalWalker.

A2C, PPO     rl-baselines3-zoo, hyperparams/a2c.yml and ppo.yml (commit 22e3ff2). Ours starts orthogonal, zoo's A2C does not
IMPALA       A2C's settings, V-trace, four simulated actors (Espeholt et al. 2018)
"""

from __future__ import annotations

from benchmarks.published.values import NORMALISED, Configurations, configurations_for, gsde, ppo, training, window

CONFIGURATIONS: Configurations = configurations_for(
    ("BipedalWalker-v3",),
    a2c={
        **window(8, 16),
        **gsde(-2.0),
        **NORMALISED,
        **training(discount=0.99, learning_rate=9.6e-4, anneal=True, value_coefficient=0.4),
        "estimator.credit.lam": 0.9,
    },
    ppo=ppo(2048, 32, 10, 0.95, discount=0.999, learning_rate=3e-4) | NORMALISED | {"estimator.surrogate.clip": 0.18},
)

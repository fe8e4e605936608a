"""Driving: two layers of 256 and a discount of .8 for all, as in highway-env's scripts.

PPO          highway-env, scripts/sb3_highway_ppo.py (commit 23d7d0c): 128 steps of 6 environments, minibatches of 64
A2C          stable-baselines3's defaults; highway-env has no script for it
REINFORCE    as in classic control, sixteen whole episodes a batch
IMPALA       A2C's settings, V-trace, four simulated actors (Espeholt et al. 2018)
"""

from __future__ import annotations

from benchmarks.published.values import Configurations, configurations_for, ppo, reinforce, training

CONFIGURATIONS: Configurations = configurations_for(
    ("Highway-v0", "Roundabout-v0"),
    a2c=training(discount=0.8),
    ppo=ppo(128, 6, 10, 0.95, discount=0.8, learning_rate=5e-4),
    reinforce=reinforce(discount=0.8),
)

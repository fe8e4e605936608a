"""stable-baselines3's own PPO, trained by it on the same task: with which our `like_sb3_ppo` is compared.

    L = -mean min(rho A, clip(rho, .8, 1.2) A) + .5 mean (V - return)^2 over a minibatch of 64, A whitened in it

At its defaults (2048 steps, 10 epochs, lambda .95, Adam at 3e-4); on CartPole-v1 and Pendulum-v1 as tuned in
rl-baselines3-zoo.

Source: stable-baselines3 2.9, ppo/ppo.py; settings: rl-baselines3-zoo, hyperparams/ppo.yml
(benchmarks/published/sb3_settings.py).
"""

from algorithms.references.sb3 import Sb3

REFERENCE = Sb3(
    name="sb3:ppo",
    summary="stable-baselines3's own PPO (reference)",
    model_class="ppo",
    learning_rate=3e-4,
    shown_as="PPO (SB3)",
)

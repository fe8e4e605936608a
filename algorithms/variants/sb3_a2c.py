"""stable-baselines3's own A2C, trained by it on the same task: with which our `like_sb3_a2c` is compared.

    A_t = lambda-return - V(s_t),    L = -mean(A log pi) + c mean (V - return)^2 over a window of n steps

At its defaults (n = 5, lambda 1, c = .5, RMSprop at 7e-4); on CartPole-v1 and Pendulum-v1 as tuned in
rl-baselines3-zoo.

Source: stable-baselines3 2.9, a2c/a2c.py; settings: rl-baselines3-zoo, hyperparams/a2c.yml
(benchmarks/published/sb3_settings.py).
"""

from algorithms.references.sb3 import Sb3

REFERENCE = Sb3(
    name="sb3:a2c",
    summary="stable-baselines3's own A2C (reference)",
    model_class="a2c",
    learning_rate=7e-4,
    envs=8,
    shown_as="A2C (SB3)",
)
